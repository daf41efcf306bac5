//! Starting a program with chosen descriptors: `posix_spawn`, which does not copy the page tables of a large heap.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io;
use std::mem::transmute;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr::{NonNull, null};

use nix::errno::Errno;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawnp};
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
    if program.user.is_some() || program.group.is_some() {
        return fork_and_exec(program, &lifted);
    }
    let mut actions = PosixSpawnFileActions::init()?;
    for (target, source) in &lifted {
        actions.add_dup2(source.as_raw_fd(), *target)?;
    }
    if let Some(folder) = program.folder {
        let Some(function) = symbol::find(c"posix_spawn_file_actions_addchdir_np") else {
            return fork_and_exec(program, &lifted);
        };
        add_folder(function, &mut actions, folder)?;
    }
    // As programs expect it at their start: no signal is blocked, and each has its default.
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_sigdefault(&SigSet::all())?;
    attributes.set_sigmask(&SigSet::empty())?;
    attributes.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK,
    )?;
    let Program {
        file,
        arguments,
        environment,
        ..
    } = program;
    Ok(posix_spawnp(
        file,
        &actions,
        &attributes,
        arguments,
        environment,
    )?)
}

/// `function` is the C library's `posix_spawn_file_actions_addchdir_np`.
fn add_folder(
    function: NonNull<c_void>,
    actions: &mut PosixSpawnFileActions,
    folder: &CStr,
) -> io::Result<()> {
    type AddFolder =
        unsafe extern "C" fn(*mut libc::posix_spawn_file_actions_t, *const c_char) -> c_int;
    // SAFETY: the signature that spawn.h declares for the function of that name.
    let add: AddFolder = unsafe { transmute(function) };
    let actions = (&raw mut *actions).cast();
    // SAFETY: initialised actions, of which nix's type is a transparent wrapper, and a string that ends with NUL.
    match unsafe { add(actions, folder.as_ptr()) } {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

/// The descriptors with numbers above every target, so that placing one never overwrites the next.
fn lift(descriptors: &[Option<OwnedFd>]) -> io::Result<Vec<(RawFd, OwnedFd)>> {
    let given = (0..)
        .zip(descriptors)
        .filter_map(|(target, source)| Some((target, source.as_ref()?)));
    given
        .map(|(target, source)| Ok((target, lift_one(source, descriptors)?)))
        .collect()
}

fn lift_one(source: &OwnedFd, descriptors: &[Option<OwnedFd>]) -> io::Result<OwnedFd> {
    socket::duplicate_above(source.as_raw_fd(), descriptors.len() as RawFd)
}

fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings
        .iter()
        .map(|string| string.as_ptr())
        .chain([null()])
        .collect()
}

/// The way for what `posix_spawn` has no actions for: another user or group, and a C library that can't change the folder. It
/// takes about 10 ms more for each 50 MB of this process's memory.
fn fork_and_exec(program: &Program<'_>, descriptors: &[(RawFd, OwnedFd)]) -> io::Result<Pid> {
    let arguments = pointers(program.arguments);
    let environment = pointers(program.environment);
    let (report, writer) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
    // Its number must be none of the targets.
    let reporter = lift_one(&writer, program.descriptors)?;
    drop(writer);
    // No handler of Node's may run in the child.
    let mask = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    // SAFETY: the child calls only functions that are safe after `fork` in a program with threads, and never returns.
    let forked = unsafe { nix::unistd::fork() };
    if !matches!(forked, Ok(ForkResult::Child)) {
        mask.thread_set_mask()?;
    }
    match forked? {
        ForkResult::Child => {
            let failed = become_program(program, descriptors, &arguments, &environment);
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
    for signal in 1..=64 {
        // SAFETY: sets the default action, in the child's only thread; a number that is no signal's is refused.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    if let Err(errno) = SigSet::empty().thread_set_mask() {
        return errno;
    }
    // SAFETY: strings that end with NUL, and lists of such that end with a null pointer, which all live through the call.
    unsafe {
        libc::execvpe(
            program.file.as_ptr(),
            arguments.as_ptr(),
            environment.as_ptr(),
        )
    };
    Errno::last()
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_program_that_is_missing_is_told_however_many_descriptors_it_gets() {
        // They take some 200 numbers from the lowest on, so that the next that is free is among those that they are to have.
        let descriptors: Vec<_> = (0..300)
            .map(|number| (number >= 100).then(|| File::open("/dev/null").unwrap().into()))
            .collect();
        for user in [None, Some(nix::unistd::getuid().as_raw())] {
            let program = Program {
                file: c"/missing/program",
                arguments: &[c"program".into()],
                environment: &[],
                folder: None,
                descriptors: &descriptors,
                user,
                group: None,
            };
            let error = spawn(&program).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        }
    }
}
