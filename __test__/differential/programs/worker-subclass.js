'use strict';
const cluster = require('cluster');
const { inherits } = require('util');

class Mine extends cluster.Worker {
  hello() {
    return `hello ${this.id}`;
  }
}
const mine = new Mine({ id: 5 });
console.log(mine.hello(), mine instanceof cluster.Worker, mine.constructor.name, mine.state);

function Old() {
  cluster.Worker.call(this, { id: 6, state: 'old' });
}
inherits(Old, cluster.Worker);
const old = new Old();
console.log(old.id, old.state, old instanceof cluster.Worker);
old.on('x', (value) => console.log('x', value));
old.emit('x', 1);
