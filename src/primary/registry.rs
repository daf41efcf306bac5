//! Who listens where: the primary's book of listeners. Pure: no process, no socket.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::ipc::control::{Family, Query};

/// What servers share a listener by. Port 0 means a new port for each server of a worker, so there they share by order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct Endpoint {
    address: Option<String>,
    port: Option<i32>,
    family: Family,
    fd: Option<i32>,
    index: u32,
}

impl From<&Query> for Endpoint {
    fn from(query: &Query) -> Endpoint {
        let index = if query.port == Some(0) {
            query.index
        } else {
            0
        };
        Endpoint {
            address: query.address.clone(),
            port: query.port,
            family: query.family,
            fd: query.fd,
            index,
        }
    }
}

#[derive(Debug)]
struct Listener {
    endpoint: Endpoint,
    members: BTreeSet<u32>,
    data: Option<String>,
}

/// The book.
#[derive(Debug, Default)]
pub struct Registry {
    last_listener: u32,
    listeners: BTreeMap<u32, Listener>,
    by_endpoint: HashMap<Endpoint, u32>,
    /// Listeners stay when their last member leaves.
    keeps: bool,
}

impl Registry {
    /// Finds the listener for a query; `None` if one is to be opened. That is so for a worker that is a member already:
    /// the system says whether it can be (Node does the same since version 22).
    pub fn look_up(&self, worker: u32, query: &Query) -> Option<u32> {
        let id = *self.by_endpoint.get(&Endpoint::from(query))?;
        let listener = self.listeners.get(&id)?;
        (!listener.members.contains(&worker)).then_some(id)
    }

    /// Like [`Registry::look_up`], and makes the worker a member of the listener that was found. If there is none, a socket
    /// is to be opened and, if that works, [`Registry::open`] called.
    pub fn join(&mut self, worker: u32, query: &Query) -> Option<u32> {
        let id = self.look_up(worker, query)?;
        let listener = self.listeners.get_mut(&id)?;
        listener.members.insert(worker);
        if listener.data.is_none() {
            listener.data.clone_from(&query.data);
        }
        Some(id)
    }

    /// Enters a new listener with its first member; queries like this one join it from now on. Gives its number.
    pub fn open(&mut self, worker: u32, query: &Query) -> u32 {
        self.last_listener += 1;
        let endpoint = Endpoint::from(query);
        self.by_endpoint
            .insert(endpoint.clone(), self.last_listener);
        let listener = Listener {
            endpoint,
            members: BTreeSet::from([worker]),
            data: query.data.clone(),
        };
        self.listeners.insert(self.last_listener, listener);
        self.last_listener
    }

    /// What servers share a listener by.
    pub fn endpoint(&self, listener: u32) -> Option<&Endpoint> {
        Some(&self.listeners.get(&listener)?.endpoint)
    }

    /// The data that the servers of a listener share.
    pub fn data(&self, listener: u32) -> Option<String> {
        self.listeners.get(&listener)?.data.clone()
    }

    /// A server is closed. `None` if the worker was no member; otherwise whether the listener is gone with it, because it
    /// was the last one.
    pub fn leave(&mut self, worker: u32, listener: u32) -> Option<bool> {
        let entry = self.listeners.get_mut(&listener)?;
        if !entry.members.remove(&worker) {
            return None;
        }
        let last = entry.members.is_empty() && !self.keeps;
        if last {
            self.forget(listener);
        }
        Some(last)
    }

    fn forget(&mut self, listener: u32) {
        if let Some(entry) = self.listeners.remove(&listener) {
            // A later listener may be there instead of this one.
            if self.by_endpoint.get(&entry.endpoint) == Some(&listener) {
                self.by_endpoint.remove(&entry.endpoint);
            }
        }
    }

    /// Whether listeners stay when their last member leaves, for those that come later. If they don't any more, gives
    /// those that are gone with it.
    pub fn keep(&mut self, yes: bool) -> Vec<u32> {
        self.keeps = yes;
        let is_unused =
            |(id, listener): (&u32, &Listener)| listener.members.is_empty().then_some(*id);
        let unused: Vec<u32> = self.listeners.iter().filter_map(is_unused).collect();
        if yes {
            return Vec::new();
        }
        for listener in &unused {
            self.forget(*listener);
        }
        unused
    }

    /// Whether listeners stay when their last member leaves.
    pub fn keeps(&self) -> bool {
        self.keeps
    }

    /// All listeners that the worker is a member of.
    pub fn listeners_of(&self, worker: u32) -> Vec<u32> {
        let member =
            |(id, listener): (&u32, &Listener)| listener.members.contains(&worker).then_some(*id);
        self.listeners.iter().filter_map(member).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn port(port: i32, index: u32) -> Query {
        Query {
            port: Some(port),
            family: Family::Tcp4,
            index,
            ..Query::default()
        }
    }

    #[test]
    fn the_same_address_is_one_listener() {
        let mut registry = Registry::default();
        assert_eq!(registry.join(1, &port(80, 0)), None);
        let id = registry.open(1, &port(80, 0));
        assert_eq!(registry.join(2, &port(80, 3)), Some(id));
        assert_eq!(registry.leave(1, id), Some(false));
        assert_eq!(registry.leave(1, id), None);
        assert_eq!(registry.leave(2, id), Some(true));
        assert_eq!(registry.join(2, &port(80, 0)), None);
    }

    #[test]
    fn port_zero_is_shared_by_order() {
        let mut registry = Registry::default();
        let first = registry.open(1, &port(0, 0));
        assert_eq!(registry.join(1, &port(0, 1)), None);
        let second = registry.open(1, &port(0, 1));
        assert_eq!(registry.join(2, &port(0, 0)), Some(first));
        assert_eq!(registry.join(2, &port(0, 1)), Some(second));
    }

    #[test]
    fn the_first_data_stays() {
        let mut registry = Registry::default();
        let query = |data: Option<&str>| Query {
            data: data.map(str::to_owned),
            ..port(443, 0)
        };
        let id = registry.open(1, &query(None));
        assert_eq!(registry.join(2, &query(Some("keys"))), Some(id));
        assert_eq!(registry.data(id).as_deref(), Some("keys"));
    }

    #[test]
    fn listeners_are_kept_for_those_that_come_later() {
        let mut registry = Registry::default();
        assert!(registry.keep(true).is_empty());
        let listener = registry.open(1, &port(80, 0));
        assert_eq!(registry.leave(1, listener), Some(false));
        let again = registry.join(2, &port(80, 0));
        assert_eq!(again, Some(listener));
        let unused = registry.open(1, &port(81, 0));
        registry.leave(1, unused);
        assert_eq!(registry.keep(false), [unused]);
        assert_eq!(registry.leave(2, listener), Some(true));
        assert_eq!(registry.join(1, &port(81, 0)), None);
    }

    proptest! {
        /// Whatever happens in whatever order, a listener exists exactly as long as it has a member.
        #[test]
        fn listeners_live_as_long_as_members(
            steps in prop::collection::vec((1u32..5, 0i32..4, 0u32..3, any::<bool>()), 0..200),
        ) {
            let mut registry = Registry::default();
            let mut members: BTreeSet<(u32, u32)> = BTreeSet::new();
            for (worker, number, index, joins) in steps {
                if joins {
                    let query = port(number, index);
                    let listener = match registry.join(worker, &query) {
                        Some(listener) => listener,
                        None => registry.open(worker, &query),
                    };
                    prop_assert!(members.insert((listener, worker)));
                } else {
                    for listener in registry.listeners_of(worker) {
                        prop_assert!(members.remove(&(listener, worker)));
                        let last = !members.iter().any(|(other, _)| *other == listener);
                        prop_assert_eq!(registry.leave(worker, listener), Some(last));
                    }
                }
                let alive: BTreeSet<u32> = members.iter().map(|(listener, _)| *listener).collect();
                prop_assert_eq!(alive, registry.listeners.keys().copied().collect::<BTreeSet<u32>>());
            }
        }
    }
}
