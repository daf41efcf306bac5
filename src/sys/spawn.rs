//! Starting a program with chosen descriptors: `posix_spawn`, which does not copy the page tables of a large heap.

use std::ffi::{CStr, CString, c_char, c_int};
use std::io;
use std::mem::{MaybeUninit, transmute};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr::null;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow};
use nix::unistd::{ForkResult, Gid, Pid, Uid};

use super::{socket, symbol};

/// A program to start.
pub struct Program<'a> {
    /// Looked up in `PATH` where it has no slash.
    pub file: &'a CStr,
    /// With the program's own name first.
    pub arguments: &'a [CString],
    /// `NAME=value`, the whole environment.
    pub environment: &'a [CString],
    /// The folder to start in; the current one if `None`.
    pub folder: Option<&'a CStr>,
    /// The index in the list is the number in the program; a gap stays closed.
    pub descriptors: &'a [Option<OwnedFd>],
    /// The user to become.
    pub user: Option<u32>,
    /// The group to become.
    pub group: Option<u32>,
}

/// Starts `program` and gives its process id. Errors are those of the kernel: `ENOENT`, `EACCES`, `EAGAIN`, …
pub fn spawn(program: &Program<'_>) -> io::Result<Pid> {
    let lifted = lift(program.descriptors)?;
    let arguments = pointers(program.arguments);
    let environment = pointers(program.environment);
    let add_folder = program.folder.map(|folder| {
        (
            folder,
            symbol::find(c"posix_spawn_file_actions_addchdir_np"),
        )
    });
    if program.user.is_some() || program.group.is_some() || matches!(add_folder, Some((_, None))) {
        return fork_and_exec(program, &lifted, &arguments, &environment);
    }
    let mut actions = Actions::new()?;
    for (target, source) in &lifted {
        actions.duplicate(source.as_raw_fd(), *target)?;
    }
    if let Some((folder, Some(function))) = add_folder {
        // SAFETY: the signature that spawn.h declares for the function of that name.
        let add: AddFolder = unsafe { transmute(function) };
        // SAFETY: initialised actions and a string that ends with NUL; both live through the call.
        check(unsafe { add(&mut actions.0, folder.as_ptr()) })?;
    }
    let attributes = Attributes::new()?;
    let mut pid = 0;
    // SAFETY: every pointer is to something that lives through the call, the lists end with a null pointer.
    check(unsafe {
        libc::posix_spawnp(
            &mut pid,
            program.file.as_ptr(),
            &actions.0,
            &attributes.0,
            arguments.as_ptr().cast(),
            environment.as_ptr().cast(),
        )
    })?;
    Ok(Pid::from_raw(pid))
}

type AddFolder =
    unsafe extern "C" fn(*mut libc::posix_spawn_file_actions_t, *const c_char) -> c_int;

/// The descriptors with numbers above every target, so that placing one never overwrites the next.
fn lift(descriptors: &[Option<OwnedFd>]) -> io::Result<Vec<(RawFd, OwnedFd)>> {
    let above = descriptors.len() as RawFd;
    let given = (0..)
        .zip(descriptors)
        .filter_map(|(target, source)| Some((target, source.as_ref()?)));
    given
        .map(|(target, source)| Ok((target, socket::duplicate_above(source.as_raw_fd(), above)?)))
        .collect()
}

fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings
        .iter()
        .map(|string| string.as_ptr())
        .chain([null()])
        .collect()
}

fn check(code: c_int) -> io::Result<()> {
    if code == 0 {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(code))
    }
}

struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new() -> io::Result<Actions> {
        let mut raw = MaybeUninit::uninit();
        // SAFETY: initialises what it is given, or says that it has not.
        check(unsafe { libc::posix_spawn_file_actions_init(raw.as_mut_ptr()) })?;
        // SAFETY: initialised by the call above.
        Ok(Actions(unsafe { raw.assume_init() }))
    }

    fn duplicate(&mut self, source: RawFd, target: RawFd) -> io::Result<()> {
        // SAFETY: initialised; the numbers are only used by the new process.
        check(unsafe { libc::posix_spawn_file_actions_adddup2(&mut self.0, source, target) })
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialised by `new`, destroyed once.
        unsafe { libc::posix_spawn_file_actions_destroy(&mut self.0) };
    }
}

/// Signals as a program expects them at its start: none blocked, each with its default.
struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new() -> io::Result<Attributes> {
        let mut raw = MaybeUninit::uninit();
        let mut signals = MaybeUninit::uninit();
        let flags = libc::POSIX_SPAWN_SETSIGDEF | libc::POSIX_SPAWN_SETSIGMASK;
        // SAFETY: initialises what it is given, or says that it has not.
        check(unsafe { libc::posix_spawnattr_init(raw.as_mut_ptr()) })?;
        // SAFETY: initialised by the call above; from here `Drop` takes care of it.
        let mut attributes = Attributes(unsafe { raw.assume_init() });
        // SAFETY: `signals` is initialised by its first use each time; the attributes are initialised.
        unsafe {
            libc::sigfillset(signals.as_mut_ptr());
            check(libc::posix_spawnattr_setsigdefault(
                &mut attributes.0,
                signals.as_ptr(),
            ))?;
            libc::sigemptyset(signals.as_mut_ptr());
            check(libc::posix_spawnattr_setsigmask(
                &mut attributes.0,
                signals.as_ptr(),
            ))?;
            check(libc::posix_spawnattr_setflags(
                &mut attributes.0,
                flags as libc::c_short,
            ))?;
        }
        Ok(attributes)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised by `new`, destroyed once.
        unsafe { libc::posix_spawnattr_destroy(&mut self.0) };
    }
}

/// The way that `posix_spawn` has no actions for: another user or group, or a C library that can't change the folder.
fn fork_and_exec(
    program: &Program<'_>,
    descriptors: &[(RawFd, OwnedFd)],
    arguments: &[*const c_char],
    environment: &[*const c_char],
) -> io::Result<Pid> {
    let (report, reporter) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
    // No handler of Node's may run in the child.
    let mask = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    // SAFETY: the child calls only functions that are safe after `fork` in a program with threads, and never returns.
    let forked = unsafe { nix::unistd::fork() };
    if !matches!(forked, Ok(ForkResult::Child)) {
        mask.thread_set_mask()?;
    }
    match forked? {
        ForkResult::Child => {
            let failed = become_program(program, descriptors, arguments, environment);
            let code = (failed as c_int).to_ne_bytes();
            let _ = nix::unistd::write(&reporter, &code);
            // SAFETY: ends the child at once, without the parent's exit handlers.
            unsafe { libc::_exit(127) }
        }
        ForkResult::Parent { child } => {
            drop(reporter);
            let mut code = [0; 4];
            // Closed by a successful exec; otherwise the child's errno.
            let count = loop {
                match nix::unistd::read(&report, &mut code) {
                    Err(Errno::EINTR) => {}
                    count => break count?,
                }
            };
            if count == code.len() {
                let _ = nix::sys::wait::waitpid(child, None);
                return Err(io::Error::from_raw_os_error(c_int::from_ne_bytes(code)));
            }
            Ok(child)
        }
    }
}

/// Runs in the child of a `fork`: no allocation, no lock. Comes back only with an error.
fn become_program(
    program: &Program<'_>,
    descriptors: &[(RawFd, OwnedFd)],
    arguments: &[*const c_char],
    environment: &[*const c_char],
) -> Errno {
    for (target, source) in descriptors {
        // SAFETY: plain numbers.
        if unsafe { libc::dup2(source.as_raw_fd(), *target) } < 0 {
            return Errno::last();
        }
    }
    let changed = program.folder.map_or(Ok(()), nix::unistd::chdir);
    if program.user.is_some() || program.group.is_some() {
        // The groups of the primary's user are not the worker's; only root can, and needs to, give them up.
        let _ = nix::unistd::setgroups(&[]);
    }
    let changed = changed
        .and_then(|()| {
            program
                .group
                .map_or(Ok(()), |group| nix::unistd::setgid(Gid::from_raw(group)))
        })
        .and_then(|()| {
            program
                .user
                .map_or(Ok(()), |user| nix::unistd::setuid(Uid::from_raw(user)))
        });
    if let Err(errno) = changed {
        return errno;
    }
    // SAFETY: default actions and an empty mask, set in the child's only thread; the lists end with a null pointer.
    unsafe {
        for signal in 1..=64 {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none = MaybeUninit::uninit();
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
        libc::execvpe(
            program.file.as_ptr(),
            arguments.as_ptr(),
            environment.as_ptr(),
        );
    }
    Errno::last()
}
