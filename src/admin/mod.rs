//! The admin port: what an operator asks, and what asks for one, as Prometheus and Kubernetes do. The dispatcher's thread
//! answers, and so does it while the primary's JavaScript is busy. Nothing that can be asked changes anything.

mod application;
mod content;
mod health;
mod live;
mod metrics;
mod process;
mod server;
mod told;
mod totals;

pub use application::{Application, Family, Gathered};
pub(crate) use health::{Health, live, ready};
pub(crate) use live::describe;
pub(crate) use metrics::{ListenerSnapshot, Snapshot, WorkerSnapshot, render};
pub(crate) use process::{ProcessFigures, figures_of, figures_of_self, thread_cpu_seconds};
pub(crate) use server::{Answer, serve};
pub use told::{Member, Supervised, Told};
pub(crate) use totals::Totals;
