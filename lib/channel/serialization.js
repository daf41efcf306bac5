'use strict';

// Messages of `serialization: 'advanced'`: the structured clone algorithm, with objects that it has no form for
// reduced to their properties, as JSON does.

const { DefaultDeserializer, DefaultSerializer } = require('node:v8');
const { ArrayBuffer } = require('../primordials.js');

const VIEW = 0;
const OBJECT = 1;

class Serializer extends DefaultSerializer {
  _writeHostObject(object) {
    if (ArrayBuffer.isView(object)) {
      this.writeUint32(VIEW);
      super._writeHostObject(object);
    } else {
      this.writeUint32(OBJECT);
      this.writeValue({ ...object });
    }
  }
}

class Deserializer extends DefaultDeserializer {
  _readHostObject() {
    return this.readUint32() === VIEW ? super._readHostObject() : this.readValue();
  }
}

/** @returns {Buffer} */
function serialize(value) {
  const serializer = new Serializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

/** @param {Buffer} bytes */
function deserialize(bytes) {
  const deserializer = new Deserializer(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}

module.exports = { serialize, deserialize };
