//! The few parts of libuv that let a descriptor, or each turn, of Node's event loop call Rust.
//!
//! The functions are looked up in the host: nothing has to be linked, and a host that does not
//! export libuv is recognised ([`Uv::get`] is `None`) instead of failing to load the addon.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ffi::{CStr, c_int, c_uint, c_void};
use std::io;
use std::mem::transmute;
use std::os::fd::{AsRawFd, BorrowedFd};
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
    version: extern "C" fn() -> c_uint,
    handle_size: extern "C" fn(c_int) -> usize,
    set_data: extern "C" fn(RawHandle, *mut c_void),
    get_data: extern "C" fn(RawHandle) -> *mut c_void,
    reference: extern "C" fn(RawHandle),
    unreference: extern "C" fn(RawHandle),
    close: extern "C" fn(RawHandle, TurnCallback),
    poll_init: extern "C" fn(*mut c_void, RawHandle, c_int) -> c_int,
    poll_start: extern "C" fn(RawHandle, c_int, PollCallback) -> c_int,
    poll_stop: extern "C" fn(RawHandle) -> c_int,
    prepare_init: extern "C" fn(*mut c_void, RawHandle) -> c_int,
    prepare_start: extern "C" fn(RawHandle, TurnCallback) -> c_int,
    check_init: extern "C" fn(*mut c_void, RawHandle) -> c_int,
    check_start: extern "C" fn(RawHandle, TurnCallback) -> c_int,
    timer_init: extern "C" fn(*mut c_void, RawHandle) -> c_int,
    timer_start: extern "C" fn(RawHandle, TurnCallback, u64, u64) -> c_int,
}

impl Uv {
    /// The host's libuv, or `None` where the host does not export it.
    pub fn get() -> Option<&'static Uv> {
        static FOUND: OnceLock<Option<Uv>> = OnceLock::new();
        FOUND.get_or_init(Uv::look_up).as_ref()
    }

    /// Whether it takes an abstract name for one that is filled up with NUL, as it did before 1.48.
    pub fn fills_abstract_names(&self) -> bool {
        (self.version)() < 0x01_30_00
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

/// Called by libuv. Held by `Rc`, so that a callback may drop the handle that is calling it.
type Callback = Rc<dyn Fn(Ready)>;

struct Attached {
    callback: Callback,
    env: napi::sys::napi_env,
    layout: Layout,
}

/// A libuv handle on the heap. Dropping it closes it; libuv says when its memory can go.
struct Handle {
    raw: RawHandle,
    uv: &'static Uv,
}

impl Handle {
    fn new(
        event_loop: &Loop,
        kind: c_int,
        init: impl FnOnce(RawHandle) -> c_int,
        callback: Callback,
    ) -> io::Result<Handle> {
        let uv = event_loop.uv;
        let size = (uv.handle_size)(kind);
        let layout = Layout::from_size_align(size, align_of::<libc::max_align_t>())
            .map_err(|_| io::ErrorKind::Unsupported)?;
        // SAFETY: no handle of libuv's has size zero.
        let raw: RawHandle = unsafe { alloc_zeroed(layout) }.cast();
        if raw.is_null() {
            handle_alloc_error(layout);
        }
        let code = init(raw);
        if code < 0 {
            // SAFETY: a handle whose init failed is not known to the loop; allocated just above.
            unsafe { dealloc(raw.cast(), layout) };
            return Err(io::Error::from_raw_os_error(-code));
        }
        let attached = Box::new(Attached {
            callback,
            env: event_loop.env,
            layout,
        });
        (uv.set_data)(raw, Box::into_raw(attached).cast());
        Ok(Handle { raw, uv })
    }

    /// Whether the handle keeps the event loop, and so the process, alive.
    fn keep_alive(&self, yes: bool) {
        if yes {
            (self.uv.reference)(self.raw);
        } else {
            (self.uv.unreference)(self.raw);
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        (self.uv.close)(self.raw, on_closed);
    }
}

/// The box that [`Handle::new`] attached.
///
/// # Safety
/// `raw` must be a handle made by [`Handle::new`] whose close callback has not run.
unsafe fn attached<'a>(raw: RawHandle) -> &'a Attached {
    // SAFETY: the function was found with the others, or there would be no handle.
    let data = Uv::get().map(|uv| (uv.get_data)(raw));
    // SAFETY: by the contract above the data is the box of `Handle::new`, alive until `on_closed`.
    unsafe { &*data.unwrap_or(null_mut()).cast::<Attached>() }
}

extern "C" fn on_closed(raw: RawHandle) {
    // SAFETY: libuv calls this once for a handle that `Drop` closed; nobody else frees the box.
    let attached =
        unsafe { Box::from_raw(std::ptr::from_ref::<Attached>(self::attached(raw)).cast_mut()) };
    // SAFETY: allocated by `Handle::new` with this layout; libuv is done with it.
    unsafe { dealloc(raw.cast(), attached.layout) };
}

fn run(raw: RawHandle, ready: Ready) {
    // SAFETY: libuv calls back only for handles that are not closed.
    let attached = unsafe { attached(raw) };
    let callback = Rc::clone(&attached.callback);
    js::guard(attached.env, move || callback(ready));
}

extern "C" fn on_poll(raw: RawHandle, status: c_int, events: c_int) {
    run(
        raw,
        Ready {
            readable: status < 0 || events & !2 != 0,
            writable: status < 0 || events & 2 != 0,
            failed: status < 0,
        },
    );
}

extern "C" fn on_turn(raw: RawHandle) {
    run(
        raw,
        Ready {
            readable: false,
            writable: false,
            failed: false,
        },
    );
}

/// A descriptor watched by the event loop (`uv_poll_t`). Must be dropped before the descriptor is closed.
pub struct Poll(Handle);

impl Poll {
    /// Prepares to watch `descriptor`, which becomes non-blocking. Nothing is watched before [`Poll::watch`].
    pub fn new(
        event_loop: &Loop,
        descriptor: BorrowedFd<'_>,
        callback: impl Fn(Ready) + 'static,
    ) -> io::Result<Poll> {
        let raw_loop = event_loop.raw.as_ptr();
        let init = |raw| (event_loop.uv.poll_init)(raw_loop, raw, descriptor.as_raw_fd());
        Handle::new(event_loop, TYPE_POLL, init, Rc::new(callback)).map(Poll)
    }

    /// Waits for `interest` from now on, in place of what it waited for before.
    pub fn watch(&self, interest: Interest) -> io::Result<()> {
        let events = c_int::from(interest.read) | c_int::from(interest.write) << 1;
        let code = if events == 0 {
            (self.0.uv.poll_stop)(self.0.raw)
        } else {
            (self.0.uv.poll_start)(self.0.raw, events, on_poll)
        };
        if code < 0 {
            return Err(io::Error::from_raw_os_error(-code));
        }
        Ok(())
    }

    /// Whether waiting keeps the process alive. It does at first.
    pub fn keep_alive(&self, yes: bool) {
        self.0.keep_alive(yes);
    }
}

/// A callback at a certain point of the turns of the loop. Keeps nothing alive.
pub struct Turn(#[expect(dead_code, reason = "closes the handle when dropped")] Handle);

impl Turn {
    /// Calls `callback` each time the loop is about to wait for events (`uv_prepare_t`).
    pub fn before_sleep(event_loop: &Loop, callback: impl Fn() + 'static) -> io::Result<Turn> {
        let uv = event_loop.uv;
        let raw_loop = event_loop.raw.as_ptr();
        let init = |raw| (uv.prepare_init)(raw_loop, raw);
        let handle = Handle::new(event_loop, TYPE_PREPARE, init, Rc::new(move |_| callback()))?;
        (uv.prepare_start)(handle.raw, on_turn);
        handle.keep_alive(false);
        Ok(Turn(handle))
    }

    /// Calls `callback` each time the loop has waited for and handled events (`uv_check_t`).
    pub fn after_events(event_loop: &Loop, callback: impl Fn() + 'static) -> io::Result<Turn> {
        let uv = event_loop.uv;
        let raw_loop = event_loop.raw.as_ptr();
        let init = |raw| (uv.check_init)(raw_loop, raw);
        let handle = Handle::new(event_loop, TYPE_CHECK, init, Rc::new(move |_| callback()))?;
        (uv.check_start)(handle.raw, on_turn);
        handle.keep_alive(false);
        Ok(Turn(handle))
    }

    /// Calls `callback` once, in the turn that begins after so many milliseconds (`uv_timer_t`).
    pub fn later(
        event_loop: &Loop,
        milliseconds: u64,
        callback: impl Fn() + 'static,
    ) -> io::Result<Turn> {
        let uv = event_loop.uv;
        let raw_loop = event_loop.raw.as_ptr();
        let init = |raw| (uv.timer_init)(raw_loop, raw);
        let handle = Handle::new(event_loop, TYPE_TIMER, init, Rc::new(move |_| callback()))?;
        (uv.timer_start)(handle.raw, on_turn, milliseconds, 0);
        handle.keep_alive(false);
        Ok(Turn(handle))
    }
}
