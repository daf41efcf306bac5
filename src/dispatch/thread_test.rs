//! The real thread, with real sockets, where threads of this process play the workers.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{Shutdown, shutdown};

use super::{Dispatcher, Figures, Key, ListenerId, Policy, Report, Seat, StickyBy, WorkerId};
use crate::ipc::ticket::{self, Received, Ticket};
use crate::sys::handoff;
use crate::sys::page::{Page, now_ns};
use crate::sys::pidfd;

const L: ListenerId = ListenerId(1);
const M: ListenerId = ListenerId(2);
const LIMIT: Duration = Duration::from_secs(20);

/// Waits until something is so.
fn until(what: &str, so: impl Fn() -> bool) {
    let limit = Instant::now() + LIMIT;
    while !so() {
        assert!(Instant::now() < limit, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The worker's side. Its process is one that sleeps, so that it can be killed.
struct Worker {
    id: WorkerId,
    socket: OwnedFd,
    page: Page,
    process: Child,
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Worker {
    fn join(dispatcher: &Dispatcher, id: u32, listeners: &[ListenerId]) -> Worker {
        let id = WorkerId(id);
        let (ours, theirs) = handoff::pair().unwrap();
        let (page, memory) = Page::create().unwrap();
        let process = Command::new("sleep").arg("600").spawn().unwrap();
        let worker = Worker {
            id,
            socket: theirs.try_clone().unwrap(),
            page: Page::open(memory).unwrap(),
            process,
        };
        let pid = worker.process.id();
        let pidfd = pidfd::open(pid).unwrap();
        let seat = Seat {
            ours,
            theirs,
            pidfd,
            page: Arc::new(page),
            pid: pid as i32,
        };
        dispatcher.add_worker(id, seat);
        for listener in listeners {
            dispatcher.join(*listener, id);
        }
        worker
    }

    /// Takes the next connection, or none if there is none for so long.
    fn take(&self, patience: Duration) -> Option<(ListenerId, OwnedFd)> {
        let limit = Instant::now() + patience;
        loop {
            match ticket::receive(self.socket.as_fd()) {
                Ok(Received::Connection { ticket, descriptor }) => {
                    self.page.add_taken();
                    return Some((ListenerId(ticket.listener), descriptor));
                }
                Ok(Received::Nudge) => self.page.add_taken(),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    let left = limit.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    self.page.sleep(now_ns());
                    let mut waited = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
                    let timeout = PollTimeout::try_from(left).unwrap();
                    poll(&mut waited, timeout).unwrap();
                    self.page.wake(now_ns());
                }
                _ => return None,
            }
        }
    }

    /// Answers so many connections with its number.
    fn answer(&self, number: usize) {
        for _ in 0..number {
            let (_, connection) = self.take(LIMIT).expect("a connection");
            reply(connection, self.id);
        }
    }
}

/// As the dispatcher would have given it out.
fn ticket(listener: ListenerId) -> Ticket {
    Ticket {
        arrival: 1,
        ..Ticket::new(listener.0, 0)
    }
}

fn reply(connection: OwnedFd, id: WorkerId) {
    TcpStream::from(connection)
        .write_all(&id.0.to_le_bytes())
        .unwrap();
}

/// Who answered; none if the connection was closed without an answer.
fn answered(mut client: impl Read + AsFd) -> Option<u32> {
    let mut waited = [PollFd::new(client.as_fd(), PollFlags::POLLIN)];
    assert_eq!(poll(&mut waited, 20_000u16).unwrap(), 1, "it hangs");
    let mut number = [0; 4];
    client.read_exact(&mut number).ok()?;
    Some(u32::from_le_bytes(number))
}

fn listen(dispatcher: &Dispatcher, id: ListenerId) -> SocketAddr {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let address = socket.local_addr().unwrap();
    dispatcher.open_listener(id, socket.into());
    address
}

fn clients(address: SocketAddr, number: usize) -> Vec<TcpStream> {
    (0..number)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect()
}

fn start() -> (Dispatcher, mpsc::Receiver<Report>) {
    let (reports, received) = mpsc::channel();
    let dispatcher = Dispatcher::start(move |report| {
        let _ = reports.send(report);
    })
    .unwrap();
    (dispatcher, received)
}

/// Waits until nothing is queued or waits, and checks that the figures add up.
fn settled(dispatcher: &Dispatcher, accepted: u64) -> Figures {
    until("nothing is queued or waits", || {
        let figures = dispatcher.figures();
        figures.accepted == accepted && figures.waiting + figures.queued() == 0
    });
    let figures = dispatcher.figures();
    assert_eq!(
        figures.accepted,
        figures.taken - figures.given_back + figures.closed
    );
    assert_eq!(figures.handed, figures.taken + figures.taken_back);
    figures
}

/// Runs this test once more, alone in a process of its own, and says whether this is that process.
fn alone(test: &str) -> bool {
    if std::env::var_os("CLUSTER_RS_ALONE").is_some() {
        return true;
    }
    let test = format!("dispatch::thread_test::{test}");
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &test, "--nocapture", "--test-threads=1"])
        .env("CLUSTER_RS_ALONE", "1")
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    false
}

#[test]
fn connections_go_round() {
    let (dispatcher, _reports) = start();
    let address = listen(&dispatcher, L);
    let workers: Vec<Worker> = (0..3)
        .map(|id| Worker::join(&dispatcher, id, &[L]))
        .collect();
    for round in 0..4 {
        for worker in &workers {
            let client = TcpStream::connect(address).unwrap();
            worker.answer(1);
            assert_eq!(answered(client), Some(worker.id.0), "round {round}");
        }
    }
    assert_eq!(settled(&dispatcher, 12).taken, 12);
}

#[test]
fn unix_sockets_are_served() {
    let (dispatcher, _reports) = start();
    let path = std::env::temp_dir().join(format!("cluster-rs-dispatch-{}", std::process::id()));
    let socket = UnixListener::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    dispatcher.open_listener(L, socket.into());
    let worker = Worker::join(&dispatcher, 5, &[L]);
    let client = UnixStream::connect(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    worker.answer(1);
    assert_eq!(answered(client), Some(5));
}

#[test]
fn many_connections_are_spread_evenly() {
    // Where the machine has other things to do, some wait for a core, and are passed over: what shows once is enough.
    let spreads: Vec<f64> = (0..3).map(|_| spread_of_many()).collect();
    assert!(spreads.iter().any(|&spread| spread <= 1.05), "{spreads:?}");
}

/// How many times as many connections the busiest of 8 workers gets as the one that has the least to do.
fn spread_of_many() -> f64 {
    const NUMBER: usize = 10_000;
    let (dispatcher, _reports) = start();
    let address = listen(&dispatcher, L);
    let workers: Vec<Worker> = (0..8)
        .map(|id| Worker::join(&dispatcher, id, &[L]))
        .collect();
    let numbers = Mutex::new(BTreeMap::<u32, usize>::new());
    std::thread::scope(|scope| {
        // One thread plays them all, so that the system's own scheduler does not favour any.
        scope.spawn(|| {
            let mut answered = 0;
            while answered < NUMBER {
                let sockets = workers.iter().map(|worker| worker.socket.as_fd());
                let mut waited: Vec<PollFd> = sockets
                    .map(|socket| PollFd::new(socket, PollFlags::POLLIN))
                    .collect();
                assert_ne!(poll(&mut waited, 20_000u16).unwrap(), 0);
                for worker in &workers {
                    if let Some((_, connection)) = worker.take(Duration::ZERO) {
                        reply(connection, worker.id);
                        answered += 1;
                    }
                }
            }
        });
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..NUMBER / 16 {
                    let client = TcpStream::connect(address).unwrap();
                    let worker = answered(client).expect("an answer");
                    *numbers.lock().unwrap().entry(worker).or_default() += 1;
                }
            });
        }
    });
    let numbers = numbers.into_inner().unwrap();
    assert_eq!(numbers.values().sum::<usize>(), NUMBER);
    let (most, least) = (
        numbers.values().max().unwrap(),
        numbers.values().min().unwrap(),
    );
    settled(&dispatcher, NUMBER as u64);
    *most as f64 / *least as f64
}

#[test]
fn what_a_stuck_worker_leaves_alone_goes_to_another() {
    let (dispatcher, _reports) = start();
    let address = listen(&dispatcher, L);
    let _stuck = Worker::join(&dispatcher, 0, &[L]);
    let free = Worker::join(&dispatcher, 1, &[L]);
    let clients = clients(address, 20);
    free.answer(20);
    for client in clients {
        assert_eq!(answered(client), Some(1));
    }
    assert!(settled(&dispatcher, 20).taken_back >= 1);
}

#[test]
fn what_a_dead_worker_has_not_taken_goes_to_another() {
    let (dispatcher, _reports) = start();
    dispatcher.set_take_back_after(Duration::from_secs(1000));
    let address = listen(&dispatcher, L);
    let mut dead = Worker::join(&dispatcher, 0, &[L]);
    let clients = clients(address, 20);
    until("all are queued", || dispatcher.figures().handed == 20);
    let other = Worker::join(&dispatcher, 1, &[L]);
    dead.process.kill().unwrap();
    other.answer(20);
    for client in clients {
        assert_eq!(answered(client), Some(1));
    }
    assert_eq!(settled(&dispatcher, 20).taken_back, 20);
    // It is not an error to say so too.
    dispatcher.remove_worker(WorkerId(0));
}

#[test]
fn what_a_removed_worker_has_not_taken_goes_to_another() {
    let (dispatcher, _reports) = start();
    let address = listen(&dispatcher, L);
    let removed = Worker::join(&dispatcher, 0, &[L]);
    let client = TcpStream::connect(address).unwrap();
    until("it is queued", || dispatcher.figures().handed == 1);
    dispatcher.remove_worker(removed.id);
    Worker::join(&dispatcher, 1, &[L]).answer(1);
    assert_eq!(answered(client), Some(1));
    assert!(removed.take(LIMIT).is_none(), "its socket is closed");
}

#[test]
fn what_a_worker_gives_back_goes_to_another() {
    let (dispatcher, _reports) = start();
    let address = listen(&dispatcher, L);
    let full = Worker::join(&dispatcher, 0, &[L]);
    let client = TcpStream::connect(address).unwrap();
    let (listener, connection) = full.take(LIMIT).unwrap();
    let other = Worker::join(&dispatcher, 1, &[L]);
    ticket::send(full.socket.as_fd(), ticket(listener), connection.as_fd()).unwrap();
    drop(connection);
    other.answer(1);
    assert_eq!(answered(client), Some(1));
    assert_eq!(settled(&dispatcher, 1).given_back, 1);
}

#[test]
fn what_dead_workers_gave_back_is_kept() {
    let (dispatcher, _reports) = start();
    let address = listen(&dispatcher, L);
    let mut full = Worker::join(&dispatcher, 0, &[L]);
    let client = TcpStream::connect(address).unwrap();
    let (listener, connection) = full.take(LIMIT).unwrap();
    full.process.kill().unwrap();
    ticket::send(full.socket.as_fd(), ticket(listener), connection.as_fd()).unwrap();
    drop(connection);
    Worker::join(&dispatcher, 1, &[L]).answer(1);
    assert_eq!(answered(client), Some(1));
}

#[test]
fn leaving_moves_only_the_connections_of_that_listener() {
    let (dispatcher, _reports) = start();
    dispatcher.set_take_back_after(Duration::from_secs(1000));
    let address = listen(&dispatcher, L);
    let other_address = listen(&dispatcher, M);
    let leaving = Worker::join(&dispatcher, 0, &[L, M]);
    let of_first = clients(address, 10);
    let of_second = clients(other_address, 10);
    until("all are queued", || dispatcher.figures().handed == 20);
    let other = Worker::join(&dispatcher, 1, &[L]);
    dispatcher.leave(L, leaving.id);
    other.answer(10);
    leaving.answer(10);
    assert!(
        of_first
            .into_iter()
            .all(|client| answered(client) == Some(1))
    );
    assert!(
        of_second
            .into_iter()
            .all(|client| answered(client) == Some(0))
    );
    settled(&dispatcher, 20);
}

#[test]
fn a_closed_listener_frees_its_port_at_once() {
    // Elsewhere a test that starts a process may hold the socket for a moment.
    if !alone("a_closed_listener_frees_its_port_at_once") {
        return;
    }
    let (dispatcher, _reports) = start();
    let mut address = listen(&dispatcher, L);
    let worker = Worker::join(&dispatcher, 0, &[L]);
    for number in 1..100 {
        let client = TcpStream::connect(address).unwrap();
        until("it is queued", || dispatcher.figures().accepted == number);
        dispatcher.close_listener(ListenerId(number as u32));
        assert_eq!(answered(client), None);
        let socket = TcpListener::bind(address).unwrap();
        socket.set_nonblocking(true).unwrap();
        address = socket.local_addr().unwrap();
        let next = ListenerId(number as u32 + 1);
        dispatcher.open_listener(next, socket.into());
        dispatcher.join(next, worker.id);
    }
    assert_eq!(settled(&dispatcher, 99).closed, 99);
    dispatcher.close_listener(ListenerId(1000));
}

#[test]
fn what_waits_for_a_worker_is_closed_with_the_listener() {
    let (dispatcher, _reports) = start();
    let address = listen(&dispatcher, L);
    let worker = Worker::join(&dispatcher, 0, &[L]);
    let client = TcpStream::connect(address).unwrap();
    until("it is queued", || dispatcher.figures().handed == 1);
    dispatcher.leave(L, worker.id);
    until("it waits", || dispatcher.figures().waiting == 1);
    // Nobody accepts this one any more; the kernel has it.
    let late = TcpStream::connect(address).unwrap();
    dispatcher.close_listener(L);
    assert_eq!((answered(client), answered(late)), (None, None));
    let figures = dispatcher.figures();
    assert_eq!((figures.accepted, figures.closed), (1, 1));
}

#[test]
fn a_worker_that_breaks_the_rules_hurts_only_itself() {
    type Break = fn(&Worker);
    let ways: [Break; 4] = [
        |worker| ticket::nudge(worker.socket.as_fd()).unwrap(),
        |worker| shutdown(worker.socket.as_raw_fd(), Shutdown::Write).unwrap(),
        |worker| shutdown(worker.socket.as_raw_fd(), Shutdown::Both).unwrap(),
        |worker| {
            let rubbish = [std::io::IoSlice::new(&[7; 999])];
            let flags = nix::sys::socket::MsgFlags::empty();
            nix::sys::socket::sendmsg::<()>(worker.socket.as_raw_fd(), &rubbish, &[], flags, None)
                .unwrap();
        },
    ];
    for break_rules in ways {
        let (dispatcher, reports) = start();
        let address = listen(&dispatcher, L);
        let bad = Worker::join(&dispatcher, 0, &[L]);
        let clients = clients(address, 10);
        until("all are queued", || dispatcher.figures().handed == 10);
        break_rules(&bad);
        let report = reports.recv_timeout(LIMIT).unwrap();
        assert_eq!(report, Report::Broken { worker: bad.id });
        Worker::join(&dispatcher, 1, &[L]).answer(10);
        assert!(
            clients
                .into_iter()
                .all(|client| answered(client) == Some(1))
        );
        settled(&dispatcher, 10);
    }
}

#[test]
fn a_session_comes_back_however_soon_it_does() {
    const ROUNDS: usize = 1000;
    let (dispatcher, _reports) = start();
    dispatcher.set_policy(Policy::Sticky(StickyBy::Query("sid".into())));
    let address = listen(&dispatcher, L);
    let workers: Vec<Worker> = (0..4)
        .map(|id| Worker::join(&dispatcher, id, &[L]))
        .collect();
    let is_over = AtomicBool::new(false);
    let come_back = |client: usize| {
        for round in 0..ROUNDS {
            let worker = &workers[round % workers.len()];
            let sid = format!("{client}-{round}");
            ticket::claim(worker.socket.as_fd(), Key::of(sid.as_bytes()).number()).unwrap();
            let mut connection = TcpStream::connect(address).unwrap();
            let request = format!("GET /?sid={sid} HTTP/1.1\r\n\r\n");
            connection.write_all(request.as_bytes()).unwrap();
            assert_eq!(answered(connection), Some(worker.id.0), "{sid}");
        }
    };
    std::thread::scope(|scope| {
        for worker in &workers {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let Some((_, connection)) = worker.take(Duration::from_millis(50)) else {
                        continue;
                    };
                    let mut connection = TcpStream::from(connection);
                    // What is left unread would cut the answer off.
                    let _ = connection.read(&mut [0; 1024]).unwrap();
                    reply(connection.into(), worker.id);
                }
            });
        }
        let clients: Vec<_> = (0..8)
            .map(|client| scope.spawn(move || come_back(client)))
            .collect();
        let ends: Vec<_> = clients.into_iter().map(|client| client.join()).collect();
        is_over.store(true, Ordering::Relaxed);
        assert!(ends.iter().all(Result::is_ok));
    });
}

#[test]
fn what_is_not_a_workers_to_give_is_not_let_in() {
    let (dispatcher, _reports) = start();
    let address = listen(&dispatcher, L);
    let bad = Worker::join(&dispatcher, 0, &[L]);
    let good = Worker::join(&dispatcher, 1, &[L]);
    let (end, other_end) = UnixStream::pair().unwrap();
    // It was sent nothing; then it was, and sends something else; and for a listener that is not.
    ticket::send(bad.socket.as_fd(), ticket(L), end.as_fd()).unwrap();
    drop(end);
    assert_eq!(answered(other_end), None);
    let client = TcpStream::connect(address).unwrap();
    let (_, connection) = bad.take(LIMIT).unwrap();
    let file = std::fs::File::open("/dev/null").unwrap();
    ticket::send(bad.socket.as_fd(), ticket(L), file.as_fd()).unwrap();
    ticket::send(
        bad.socket.as_fd(),
        ticket(ListenerId(999)),
        connection.as_fd(),
    )
    .unwrap();
    drop(connection);
    assert_eq!(answered(client), None);
    let client = TcpStream::connect(address).unwrap();
    good.answer(1);
    assert_eq!(answered(client), Some(1));
    assert_eq!(settled(&dispatcher, 2).closed, 1);
}

#[test]
fn a_panic_is_told_and_closes_all_there_is() {
    let (dispatcher, reports) = start();
    let address = listen(&dispatcher, L);
    let _worker = Worker::join(&dispatcher, 0, &[L]);
    dispatcher.set_chooser(Some(Box::new(|_, _| panic!("no choice"))));
    let client = TcpStream::connect(address).unwrap();
    let report = reports.recv_timeout(LIMIT).unwrap();
    let text = "no choice".to_owned();
    assert_eq!(report, Report::Panicked { text });
    assert_eq!(answered(client), None);
    // Nobody waits for it.
    dispatcher.close_listener(L);
}

#[test]
fn what_nobody_can_take_stays_with_the_kernel() {
    let (dispatcher, _reports) = start();
    let address = listen(&dispatcher, L);
    let clients = clients(address, 50);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(dispatcher.figures().accepted, 0);
    Worker::join(&dispatcher, 0, &[L]).answer(50);
    assert!(
        clients
            .into_iter()
            .all(|client| answered(client) == Some(0))
    );
}

#[test]
fn many_connections_wait_for_one_worker_in_order() {
    if !alone("many_connections_wait_for_one_worker_in_order") {
        return;
    }
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard.min(4096), hard).unwrap();
    let (dispatcher, _reports) = start();
    let address = listen(&dispatcher, L);
    let worker = Worker::join(&dispatcher, 0, &[L]);
    let mut clients = clients(address, 450);
    let limit = (super::account::QUEUE_LIMIT + super::scheduler::WAITING_LIMIT) as u64;
    until("as many as may are accepted", || {
        dispatcher.figures().accepted == limit
    });
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(dispatcher.figures().accepted, limit);
    for (number, client) in clients.iter_mut().enumerate() {
        client.write_all(&(number as u32).to_le_bytes()).unwrap();
    }
    for number in 0..450 {
        let (_, connection) = worker.take(LIMIT).unwrap();
        assert_eq!(answered(TcpStream::from(connection)), Some(number));
    }
    settled(&dispatcher, 450);
}

#[test]
fn a_lack_of_descriptors_pauses_and_is_told_once() {
    if !alone("a_lack_of_descriptors_pauses_and_is_told_once") {
        return;
    }
    let (dispatcher, reports) = start();
    let address = listen(&dispatcher, L);
    let mut dying = Worker::join(&dispatcher, 0, &[L]);
    let worker = Worker::join(&dispatcher, 1, &[]);
    let mut queued = clients(address, 10);
    until("some are queued", || dispatcher.figures().handed == 10);
    dispatcher.leave(L, worker.id);
    let mut in_backlog = Vec::new();
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 128, hard).unwrap();
    let mut filling = Vec::new();
    // All but one descriptor, which the client needs.
    while let Ok(more) = dying.socket.try_clone() {
        filling.push(more);
    }
    filling.pop();
    in_backlog.extend(clients(address, 1));
    let Report::Exhausted { errno } = reports.recv_timeout(LIMIT).unwrap() else {
        panic!("another report");
    };
    assert_eq!(errno, nix::errno::Errno::EMFILE);
    // What is queued for a dead worker is not lost either.
    dying.process.kill().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(reports.try_recv().is_err(), "it is told once");
    let figures = dispatcher.figures();
    assert_eq!(
        (figures.accepted, figures.taken_back, figures.closed),
        (10, 0, 0)
    );
    filling.truncate(filling.len() - 20);
    dispatcher.join(L, worker.id);
    worker.answer(11);
    queued.append(&mut in_backlog);
    assert!(queued.into_iter().all(|client| answered(client) == Some(1)));
    settled(&dispatcher, 11);
}

#[test]
fn too_many_descriptors_on_their_way_pause_and_are_told_once() {
    if !alone("too_many_descriptors_on_their_way_pause_and_are_told_once") {
        return;
    }
    // The limit does not hold for a privileged user.
    let _ = nix::unistd::setuid(nix::unistd::Uid::from_raw(65534));
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 100, hard).unwrap();
    let (filled, queue) = handoff::pair().unwrap();
    let anything = std::fs::File::open("/dev/null").unwrap();
    let full = loop {
        if let Err(error) = ticket::send(filled.as_fd(), ticket(L), anything.as_fd()) {
            break error;
        }
    };
    assert_eq!(full.raw_os_error(), Some(nix::libc::ETOOMANYREFS));
    let (dispatcher, reports) = start();
    let address = listen(&dispatcher, L);
    let worker = Worker::join(&dispatcher, 0, &[L]);
    let client = TcpStream::connect(address).unwrap();
    let Report::Exhausted { errno } = reports.recv_timeout(LIMIT).unwrap() else {
        panic!("another report");
    };
    assert_eq!(errno, nix::errno::Errno::ETOOMANYREFS);
    std::thread::sleep(Duration::from_millis(100));
    assert!(reports.try_recv().is_err(), "it is told once");
    assert_eq!(dispatcher.figures().waiting, 1);
    drop((filled, queue));
    worker.answer(1);
    assert_eq!(answered(client), Some(0));
}

#[test]
fn without_connections_the_thread_sleeps() {
    if !alone("without_connections_the_thread_sleeps") {
        return;
    }
    /// How often the dispatcher's thread has gone to sleep, and which signals it takes.
    fn status(field: &str) -> u64 {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        let statuses =
            tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("status")).unwrap());
        let dispatcher = statuses
            .into_iter()
            .find(|status| status.starts_with("Name:\tcluster-dispatc"))
            .unwrap();
        let line = dispatcher
            .lines()
            .find_map(|line| line.strip_prefix(field))
            .unwrap();
        u64::from_str_radix(line.trim(), if field == "SigBlk:" { 16 } else { 10 }).unwrap()
    }
    let (dispatcher, _reports) = start();
    let address = listen(&dispatcher, L);
    let worker = Worker::join(&dispatcher, 0, &[L]);
    let client = TcpStream::connect(address).unwrap();
    worker.answer(1);
    assert_eq!(answered(client), Some(0));
    settled(&dispatcher, 1);
    let interrupt = 1 << (nix::libc::SIGINT - 1);
    assert_eq!(status("SigBlk:") & interrupt, interrupt);
    // The last tick may be on its way.
    std::thread::sleep(Duration::from_millis(50));
    let before = status("voluntary_ctxt_switches:");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(status("voluntary_ctxt_switches:"), before);
}

#[test]
fn dropping_it_ends_the_thread_and_closes_everything() {
    let reported = Arc::new(());
    let held = reported.clone();
    let dispatcher = Dispatcher::start(move |_| drop(held.clone())).unwrap();
    let address = listen(&dispatcher, L);
    let worker = Worker::join(&dispatcher, 0, &[L]);
    let client = TcpStream::connect(address).unwrap();
    worker.answer(1);
    assert_eq!(answered(client), Some(0));
    drop(dispatcher);
    assert_eq!(Arc::strong_count(&reported), 1);
    assert!(worker.take(LIMIT).is_none());
    TcpListener::bind(address).unwrap();
}
