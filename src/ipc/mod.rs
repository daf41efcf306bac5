//! What travels between a primary and a worker, and how.

pub mod channel;
pub mod control;
pub mod delivery;
pub mod frame;
pub mod queue_time;
pub mod ticket;
