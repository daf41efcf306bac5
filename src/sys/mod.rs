//! Everything that touches the outside with bare hands: libuv, Node-API values, descriptors, processes.
//!
//! The only home of `unsafe`. Nothing in here decides anything.

pub mod handoff;
pub mod js;
pub mod page;
pub mod pidfd;
pub mod socket;
pub mod spawn;
pub mod stream;
pub mod symbol;
pub mod uv;
pub mod watch;
