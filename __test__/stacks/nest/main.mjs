// NestJS with shutdown hooks. What decorators would do is called by hand: this is not compiled.

import 'reflect-metadata';
import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

class Database {
  isOpen = true;

  async query() {
    await pause(10);
    if (!this.isOpen) throw new Error('the database is closed');
    return process.pid;
  }

  async onApplicationShutdown(signal) {
    await pause(50);
    this.isOpen = false;
    console.log(`worker ${process.pid} has closed the database after ${signal}`);
  }
}
Injectable()(Database);

class Workers {
  constructor(database) {
    this.database = database;
  }

  async find() {
    return `worker ${await this.database.query()}`;
  }
}
Reflect.defineMetadata('design:paramtypes', [Database], Workers);
Controller()(Workers);
Get()(Workers.prototype, 'find', Object.getOwnPropertyDescriptor(Workers.prototype, 'find'));

class App {}
Module({ controllers: [Workers], providers: [Database] })(App);

const app = await NestFactory.create(App, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
await app.listen(process.env.PORT, '127.0.0.1');
