//! `node:cluster`'s core: a Node-API addon. [`binding`] is what JavaScript sees of it; `docs/architecture.md` is the tour.
#![deny(unsafe_op_in_unsafe_fn)]

mod admin;
pub mod binding;
mod dispatch;
mod ipc;
mod keeper;
mod panic;
mod primary;
#[allow(unsafe_code)]
mod sys;
mod worker;
