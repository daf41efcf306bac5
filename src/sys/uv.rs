//! The few parts of libuv that let a descriptor, or each turn, of Node's event loop call Rust.
//!
//! The functions are looked up in the host: nothing has to be linked, and a host that does not
//! export libuv is recognised ([`Uv::get`] is `None`) instead of failing to load the addon.

use std::ffi::{CStr, c_int, c_uint, c_void};
use std::io;
use std::mem::transmute;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr::{NonNull, null_mut};
use std::rc::Rc;
use std::sync::OnceLock;

use napi::Env;

use super::js;
use super::symbol;

type RawHandle = *mut c_void;
type PollCallback = extern "C" fn(RawHandle, c_int, c_int);
type TurnCallback = extern "C" fn(RawHandle);

// Numbers of `uv_handle_type`, stable since libuv 1.0.
const TYPE_CHECK: c_int = 2;
const TYPE_POLL: c_int = 8;
const TYPE_PREPARE: c_int = 9;
const TYPE_TIMER: c_int = 13;

/// The looked-up functions of libuv.
pub struct Uv {
    version: unsafe extern "C" fn() -> c_uint,
    handle_size: unsafe extern "C" fn(c_int) -> usize,
    set_data: unsafe extern "C" fn(RawHandle, *mut c_void),
    get_data: unsafe extern "C" fn(RawHandle) -> *mut c_void,
    reference: unsafe extern "C" fn(RawHandle),
    unreference: unsafe extern "C" fn(RawHandle),
    close: unsafe extern "C" fn(RawHandle, TurnCallback),
    poll_init: unsafe extern "C" fn(*mut c_void, RawHandle, c_int) -> c_int,
    poll_start: unsafe extern "C" fn(RawHandle, c_int, PollCallback) -> c_int,
    poll_stop: unsafe extern "C" fn(RawHandle) -> c_int,
    prepare_init: unsafe extern "C" fn(*mut c_void, RawHandle) -> c_int,
    prepare_start: unsafe extern "C" fn(RawHandle, TurnCallback) -> c_int,
    check_init: unsafe extern "C" fn(*mut c_void, RawHandle) -> c_int,
    check_start: unsafe extern "C" fn(RawHandle, TurnCallback) -> c_int,
    timer_init: unsafe extern "C" fn(*mut c_void, RawHandle) -> c_int,
    timer_start: unsafe extern "C" fn(RawHandle, TurnCallback, u64, u64) -> c_int,
    metrics_idle_time: unsafe extern "C" fn(*mut c_void) -> u64,
}

impl Uv {
    /// The host's libuv, or `None` where the host does not export it.
    pub fn get() -> Option<&'static Uv> {
        static FOUND: OnceLock<Option<Uv>> = OnceLock::new();
        FOUND.get_or_init(Uv::look_up).as_ref()
    }

    /// Whether it takes an abstract name for one that is filled up with NUL, as it did before 1.48.
    pub fn fills_abstract_names(&self) -> bool {
        // SAFETY: takes nothing, and gives a number.
        let version = unsafe { (self.version)() };
        version < 0x01_30_00
    }

    fn look_up() -> Option<Uv> {
        macro_rules! function {
            ($name:literal) => {{
                let name: &CStr = $name;
                let address = symbol::find(name)?;
                // The field's type is the annotation.
                #[allow(clippy::missing_transmute_annotations)]
                // SAFETY: the field that this is assigned to has the signature that uv.h declares
                // for the function of this name.
                unsafe {
                    transmute::<NonNull<c_void>, _>(address)
                }
            }};
        }
        Some(Uv {
            version: function!(c"uv_version"),
            handle_size: function!(c"uv_handle_size"),
            set_data: function!(c"uv_handle_set_data"),
            get_data: function!(c"uv_handle_get_data"),
            reference: function!(c"uv_ref"),
            unreference: function!(c"uv_unref"),
            close: function!(c"uv_close"),
            poll_init: function!(c"uv_poll_init"),
            poll_start: function!(c"uv_poll_start"),
            poll_stop: function!(c"uv_poll_stop"),
            prepare_init: function!(c"uv_prepare_init"),
            prepare_start: function!(c"uv_prepare_start"),
            check_init: function!(c"uv_check_init"),
            check_start: function!(c"uv_check_start"),
            timer_init: function!(c"uv_timer_init"),
            timer_start: function!(c"uv_timer_start"),
            metrics_idle_time: function!(c"uv_metrics_idle_time"),
        })
    }
}

/// The event loop of one JavaScript environment.
#[derive(Clone, Copy)]
pub struct Loop {
    raw: NonNull<c_void>,
    env: napi::sys::napi_env,
    uv: &'static Uv,
}

impl Loop {
    /// The loop that `env` runs on. An error where the host exports no libuv.
    pub fn of(env: &Env) -> io::Result<Loop> {
        let uv = Uv::get().ok_or(io::ErrorKind::Unsupported)?;
        let mut raw = null_mut();
        // SAFETY: `env` is the environment that this call comes from, `raw` is written once.
        unsafe { napi::sys::napi_get_uv_event_loop(env.raw(), &mut raw) };
        let raw = NonNull::new(raw.cast()).ok_or(io::ErrorKind::Unsupported)?;
        Ok(Loop {
            raw,
            env: env.raw(),
            uv,
        })
    }

    /// For how many nanoseconds the loop has waited for events so far, as Node has it counted for
    /// `performance.eventLoopUtilization()`.
    pub fn idle_time(&self) -> u64 {
        // SAFETY: `raw` is the loop of an environment that this thread runs; the function only reads.
        unsafe { (self.uv.metrics_idle_time)(self.raw.as_ptr()) }
    }
}

/// What a [`Poll`] found.
#[derive(Clone, Copy)]
pub struct Ready {
    /// There is something to read, or the end, or an error that reading will tell.
    pub readable: bool,
    /// There is room to write.
    pub writable: bool,
    /// libuv has stopped the handle because of an error: what can be read must be read now.
    pub failed: bool,
}

/// What a [`Poll`] waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Interest {
    /// Data, or the end.
    pub read: bool,
    /// Room.
    pub write: bool,
}

/// What libuv calls for a handle. It lives as long as the [`Handle`], or until the call that it is in has returned: a callback
/// may drop the handle that is calling it.
struct Attached {
    callback: Box<dyn Fn(Ready)>,
    env: napi::sys::napi_env,
}

/// A libuv handle on the heap. Dropping it closes it, and drops its callback, which may hold values of the environment: libuv
/// says that a handle is closed in a later turn of the loop, and when an environment ends, that is after its end. Only
/// the memory of the handle stays until then.
struct Handle {
    raw: RawHandle,
    uv: &'static Uv,
    _attached: Rc<Attached>,
}

impl Handle {
    /// `init` is to initialise the handle, of which it gets the zeroed memory, as one of `kind`.
    fn new(
        event_loop: &Loop,
        kind: c_int,
        init: impl FnOnce(RawHandle) -> c_int,
        callback: impl Fn(Ready) + 'static,
    ) -> io::Result<Handle> {
        let uv = event_loop.uv;
        // SAFETY: takes and gives numbers; for a kind that libuv doesn't know it is one that nobody has memory for.
        let size = unsafe { (uv.handle_size)(kind) };
        // SAFETY: takes numbers; null is looked for.
        let raw = unsafe { libc::calloc(1, size) };
        if raw.is_null() {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let code = init(raw);
        if code < 0 {
            // SAFETY: from `calloc` just above, and a handle whose init failed is not known to the loop.
            unsafe { libc::free(raw) };
            return Err(io::Error::from_raw_os_error(-code));
        }
        let attached = Rc::new(Attached {
            callback: Box::new(callback),
            env: event_loop.env,
        });
        // SAFETY: an initialised handle, whose data is ours.
        unsafe { (uv.set_data)(raw, Rc::as_ptr(&attached).cast_mut().cast()) };
        Ok(Handle {
            raw,
            uv,
            _attached: attached,
        })
    }

    /// Whether the handle keeps the event loop, and so the process, alive.
    fn keep_alive(&self, yes: bool) {
        let change = if yes {
            self.uv.reference
        } else {
            self.uv.unreference
        };
        // SAFETY: initialised by `new`, not closed before the drop.
        unsafe { change(self.raw) };
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: initialised by `new`, and closed only here. From now on libuv calls nothing for it but `on_closed`.
        unsafe { (self.uv.close)(self.raw, on_closed) };
    }
}

extern "C" fn on_closed(raw: RawHandle) {
    // SAFETY: `Handle::new` had it from `calloc`, and libuv is done with it.
    unsafe { libc::free(raw) };
}

/// Calls what is attached to a handle.
///
/// # Safety
/// `raw` must be the handle of a [`Handle`] that has not been dropped.
unsafe fn run(raw: RawHandle, ready: Ready) {
    let Some(uv) = Uv::get() else {
        return; // There would be no handle.
    };
    // SAFETY: an initialised handle, by the contract above.
    let attached = unsafe { (uv.get_data)(raw) }
        .cast::<Attached>()
        .cast_const();
    // SAFETY: `Handle::new` had the pointer from an `Rc`, which the handle still owns by the contract above.
    unsafe { Rc::increment_strong_count(attached) };
    // SAFETY: as above; the reference counted just now is this one.
    let attached = unsafe { Rc::from_raw(attached) };
    js::guard(attached.env, move || (attached.callback)(ready));
}

extern "C" fn on_poll(raw: RawHandle, status: c_int, events: c_int) {
    let ready = Ready {
        readable: status < 0 || events & !2 != 0,
        writable: status < 0 || events & 2 != 0,
        failed: status < 0,
    };
    // SAFETY: libuv calls back for no handle that is being closed, which is what a drop does.
    unsafe { run(raw, ready) };
}

extern "C" fn on_turn(raw: RawHandle) {
    let ready = Ready {
        readable: false,
        writable: false,
        failed: false,
    };
    // SAFETY: as in `on_poll`.
    unsafe { run(raw, ready) };
}

/// A descriptor watched by the event loop (`uv_poll_t`). Closed when dropped.
pub struct Poll {
    // Before the descriptor, which must be open as long as it is polled.
    handle: Handle,
    descriptor: OwnedFd,
}

impl Poll {
    /// Prepares to watch `descriptor`, which becomes non-blocking. Nothing is watched before [`Poll::watch`].
    pub fn new(
        event_loop: &Loop,
        descriptor: OwnedFd,
        callback: impl Fn(Ready) + 'static,
    ) -> io::Result<Poll> {
        let raw_loop = event_loop.raw.as_ptr();
        let init = |raw| {
            // SAFETY: memory for a handle of this kind, and the loop of an environment that runs.
            unsafe { (event_loop.uv.poll_init)(raw_loop, raw, descriptor.as_raw_fd()) }
        };
        let handle = Handle::new(event_loop, TYPE_POLL, init, callback)?;
        Ok(Poll { handle, descriptor })
    }

    /// Waits for `interest` from now on, and for nothing else.
    pub fn watch(&self, interest: Interest) -> io::Result<()> {
        let Handle { raw, uv, .. } = self.handle;
        let events = c_int::from(interest.read) | c_int::from(interest.write) << 1;
        let code = if events == 0 {
            // SAFETY: initialised as a handle of this kind, and not closed.
            unsafe { (uv.poll_stop)(raw) }
        } else {
            // SAFETY: as above.
            unsafe { (uv.poll_start)(raw, events, on_poll) }
        };
        if code < 0 {
            return Err(io::Error::from_raw_os_error(-code));
        }
        Ok(())
    }

    /// Whether waiting keeps the process alive. It does at first.
    pub fn keep_alive(&self, yes: bool) {
        self.handle.keep_alive(yes);
    }
}

impl AsFd for Poll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// A callback at a certain point of the turns of the loop. Keeps nothing alive.
pub struct Turn(#[expect(dead_code, reason = "closes the handle when dropped")] Handle);

impl Turn {
    /// Calls `callback` each time the loop is about to wait for events (`uv_prepare_t`).
    pub fn before_sleep(event_loop: &Loop, callback: impl Fn() + 'static) -> io::Result<Turn> {
        let Loop {
            raw: raw_loop, uv, ..
        } = *event_loop;
        // SAFETY: memory for a handle of this kind, and the loop of an environment that runs.
        let init = |raw| unsafe { (uv.prepare_init)(raw_loop.as_ptr(), raw) };
        let handle = Handle::new(event_loop, TYPE_PREPARE, init, move |_| callback())?;
        // SAFETY: initialised as a handle of this kind.
        unsafe { (uv.prepare_start)(handle.raw, on_turn) };
        Ok(Turn::of(handle))
    }

    /// Calls `callback` each time the loop has waited for and handled events (`uv_check_t`).
    pub fn after_events(event_loop: &Loop, callback: impl Fn() + 'static) -> io::Result<Turn> {
        let Loop {
            raw: raw_loop, uv, ..
        } = *event_loop;
        // SAFETY: memory for a handle of this kind, and the loop of an environment that runs.
        let init = |raw| unsafe { (uv.check_init)(raw_loop.as_ptr(), raw) };
        let handle = Handle::new(event_loop, TYPE_CHECK, init, move |_| callback())?;
        // SAFETY: initialised as a handle of this kind.
        unsafe { (uv.check_start)(handle.raw, on_turn) };
        Ok(Turn::of(handle))
    }

    /// Calls `callback` once, in the turn that begins after so many milliseconds (`uv_timer_t`).
    pub fn later(
        event_loop: &Loop,
        milliseconds: u64,
        callback: impl Fn() + 'static,
    ) -> io::Result<Turn> {
        let Loop {
            raw: raw_loop, uv, ..
        } = *event_loop;
        // SAFETY: memory for a handle of this kind, and the loop of an environment that runs.
        let init = |raw| unsafe { (uv.timer_init)(raw_loop.as_ptr(), raw) };
        let handle = Handle::new(event_loop, TYPE_TIMER, init, move |_| callback())?;
        // SAFETY: initialised as a handle of this kind.
        unsafe { (uv.timer_start)(handle.raw, on_turn, milliseconds, 0) };
        Ok(Turn::of(handle))
    }

    fn of(handle: Handle) -> Turn {
        handle.keep_alive(false);
        Turn(handle)
    }
}
