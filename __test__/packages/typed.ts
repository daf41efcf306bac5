import cluster, { type Worker } from 'node:cluster';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';

// Types that can't just be left out: these need a compiler.
enum Kind {
  Question = 'question',
  Answer = 'answer',
}

class Message {
  constructor(
    readonly kind: Kind,
    readonly text: string,
  ) {}
}

function primary(): void {
  const workers: Worker[] = [cluster.fork(), cluster.fork()];
  let open = workers.length;
  cluster.on('exit', (worker: Worker, code: number) => {
    if (--open === 0) console.log('all have gone', code);
  });
  for (const worker of workers) {
    worker.on('message', ({ kind, text }: Message) => console.log(kind, text));
    worker.once('listening', ({ port }: AddressInfo) => {
      get({ port, agent: false }, (response) => {
        response.setEncoding('utf8').on('data', (text: string) => console.log(text));
        response.on('end', () => worker.send(new Message(Kind.Question, 'ready?')));
      });
    });
  }
}

function worker(): void {
  process.on('message', ({ kind, text }: Message) => {
    process.send?.(new Message(Kind.Answer, `${kind}: ${text}`), () => process.disconnect());
  });
  createServer((_, response) => response.end('typed')).listen(0, '127.0.0.1');
}

if (cluster.isPrimary) primary();
else worker();
