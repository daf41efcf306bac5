'use strict';

// Times in the formats of `log_date_format`, which are those of day.js.

const TOKEN = /\[([^\]]*)\]|Y{4}|YY|M{1,4}|D{1,2}|d{3,4}|H{1,2}|h{1,2}|m{1,2}|s{1,2}|S{3}|Z{1,2}|[Aa]/g;

const two = (number) => String(number).padStart(2, '0');
const named = (date, options) => new Intl.DateTimeFormat('en-US', options).format(date);

/** How far local time is from UTC: `+02:00`. */
function offset(date, between) {
  const minutes = -date.getTimezoneOffset();
  const [sign, size] = [minutes < 0 ? '-' : '+', Math.abs(minutes)];
  return `${sign}${two(Math.floor(size / 60))}${between}${two(size % 60)}`;
}

const half = (date) => date.getHours() % 12 || 12;

const PARTS = {
  __proto__: null,
  YYYY: (date) => String(date.getFullYear()),
  YY: (date) => two(date.getFullYear() % 100),
  MMMM: (date) => named(date, { month: 'long' }),
  MMM: (date) => named(date, { month: 'short' }),
  MM: (date) => two(date.getMonth() + 1),
  M: (date) => String(date.getMonth() + 1),
  DD: (date) => two(date.getDate()),
  D: (date) => String(date.getDate()),
  dddd: (date) => named(date, { weekday: 'long' }),
  ddd: (date) => named(date, { weekday: 'short' }),
  HH: (date) => two(date.getHours()),
  H: (date) => String(date.getHours()),
  hh: (date) => two(half(date)),
  h: (date) => String(half(date)),
  mm: (date) => two(date.getMinutes()),
  m: (date) => String(date.getMinutes()),
  ss: (date) => two(date.getSeconds()),
  s: (date) => String(date.getSeconds()),
  SSS: (date) => String(date.getMilliseconds()).padStart(3, '0'),
  ZZ: (date) => offset(date, ''),
  Z: (date) => offset(date, ':'),
  A: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  a: (date) => (date.getHours() < 12 ? 'am' : 'pm'),
};

/**
 * @param {string} pattern such as `YYYY-MM-DD HH:mm:ss Z`
 * @param {Date} date
 * @returns {string} in local time; what is no part of a time stays as it is
 */
function format(pattern, date) {
  return pattern.replace(TOKEN, (token, literal) => literal ?? PARTS[token](date));
}

module.exports = { format };
