//! Calling JavaScript from the event loop, and text and bytes across that border.
//!
//! A callback that libuv runs has no handle scope, and nobody to drain the tick queue or to report
//! an exception after it: [`Callback::call`] does what Node's own native callbacks do.

use std::borrow::Cow;
use std::ffi::c_void;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::rc::Rc;

use napi::bindgen_prelude::{BufferSlice, FromNapiValue, JsObjectValue, Null, Object, ToNapiValue};
use napi::{Env, Error, JsValue, Result, Status, Unknown, sys};
use nix::errno::Errno;
use nix::sys::socket::{getsockopt, sockopt};

use super::socket;
use crate::panic;

/// A value to call JavaScript with.
#[derive(Clone, Copy)]
pub enum Argument<'a> {
    Undefined,
    Null,
    Number(f64),
    /// UTF-8; what is not becomes U+FFFD.
    Text(&'a [u8]),
    /// Becomes a Buffer with a copy of the bytes.
    Bytes(&'a [u8]),
}

impl<'a> Argument<'a> {
    /// `Undefined` for `None`.
    pub fn text_or_undefined(text: Option<&'a str>) -> Self {
        text.map_or(Argument::Undefined, |text| Argument::Text(text.as_bytes()))
    }

    /// `Undefined` for `None`.
    pub fn number_or_undefined(number: Option<impl Into<f64>>) -> Self {
        number.map_or(Argument::Undefined, |number| {
            Argument::Number(number.into())
        })
    }

    /// The value; its handle belongs to the scope that is open.
    fn to_value(self, env: &Env) -> Result<Unknown<'_>> {
        match self {
            Argument::Undefined => ().into_unknown(env),
            Argument::Null => Null.into_unknown(env),
            Argument::Number(number) => number.into_unknown(env),
            // One byte a character in V8, and no decoding.
            Argument::Text(text) if text.is_ascii() => {
                Ok(env.create_string_latin1(text)?.to_unknown())
            }
            Argument::Text(text) => {
                let text: Cow<'_, str> = String::from_utf8_lossy(text);
                Ok(env.create_string(text)?.to_unknown())
            }
            Argument::Bytes(bytes) => BufferSlice::copy_from(env, bytes)?.into_unknown(env),
        }
    }
}

/// What a [`Callback`] came back with.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned, and a boolean if the value was one.
    Returned(Option<bool>),
    /// It threw, and the exception has been reported as uncaught.
    Threw,
    /// JavaScript does not run any more: the process is about to end.
    NotCalled,
}

/// The context that `async_hooks` and `AsyncLocalStorage` see while functions are called from the event loop: that of the
/// moment when it was made.
#[derive(Clone)]
pub struct AsyncContext(Rc<RawContext>);

struct RawContext {
    env: sys::napi_env,
    raw: sys::napi_async_context,
}

impl AsyncContext {
    /// `name` is the resource's type in `async_hooks`.
    pub fn new(env: &Env, name: &str) -> Result<AsyncContext> {
        let label = env.create_string(name)?;
        let env = env.raw();
        let mut raw = null_mut();
        // SAFETY: `label` is a live string of this environment. No resource: Node makes one.
        check(unsafe { sys::napi_async_init(env, null_mut(), label.raw(), &mut raw) })?;
        Ok(AsyncContext(Rc::new(RawContext { env, raw })))
    }

    /// Runs `work`, whose calls of JavaScript belong together: ticks and microtasks run once, after all of them.
    pub fn together(&self, work: impl FnOnce()) {
        let handles = HandleScope::open(self.0.env);
        let _scope = handles
            .as_ref()
            .and_then(|handles| CallbackScope::open(handles, &self.0));
        work();
    }

    /// The function `name` of `object`, to be called in this context. An error if there is none.
    pub fn callback(&self, object: &Object<'_>, name: &str) -> Result<Callback> {
        let function: Unknown<'_> = object.get_named_property_unchecked(name)?;
        if function.get_type()? != napi::ValueType::Function {
            return Err(Error::new(
                Status::FunctionExpected,
                format!("{name} must be a function"),
            ));
        }
        Ok(Callback {
            function: Reference::new(&function)?,
            context: self.clone(),
        })
    }
}

impl Drop for RawContext {
    fn drop(&mut self) {
        // SAFETY: made by `napi_async_init` of the same environment, destroyed once.
        unsafe { sys::napi_async_destroy(self.env, self.raw) };
    }
}

/// A value that JavaScript's garbage collector leaves alone.
struct Reference {
    env: sys::napi_env,
    raw: sys::napi_ref,
}

impl Reference {
    fn new<'env>(value: &impl JsValue<'env>) -> Result<Reference> {
        let env = value.value().env;
        let mut raw = null_mut();
        // SAFETY: a live value of its environment.
        check(unsafe { sys::napi_create_reference(env, value.raw(), 1, &mut raw) })?;
        Ok(Reference { env, raw })
    }

    /// The value; its handle belongs to the scope that is open.
    fn get(&self) -> sys::napi_value {
        let mut value = null_mut();
        // SAFETY: made by `napi_create_reference` of the same environment, and not deleted.
        unsafe { sys::napi_get_reference_value(self.env, self.raw, &mut value) };
        value
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // SAFETY: made by `napi_create_reference` of the same environment, deleted once.
        unsafe { sys::napi_delete_reference(self.env, self.raw) };
    }
}

/// Where the handles of JavaScript's values live while the event loop, which has none, calls Rust. Closed when dropped.
struct HandleScope {
    env: sys::napi_env,
    raw: sys::napi_handle_scope,
}

impl HandleScope {
    /// Nothing if JavaScript does not run any more.
    fn open(env: sys::napi_env) -> Option<HandleScope> {
        let mut raw = null_mut();
        // SAFETY: an environment of this thread, which is in its event loop.
        let status = unsafe { sys::napi_open_handle_scope(env, &mut raw) };
        (status == sys::Status::napi_ok).then_some(HandleScope { env, raw })
    }

    /// Hands a pending exception to Node as an uncaught one; whether there was any.
    fn report_exception(&self) -> bool {
        let Some(exception) = self.take_exception() else {
            return false;
        };
        // SAFETY: a live value of this environment, whose scope is this.
        unsafe { sys::napi_fatal_exception(self.env, exception) };
        true
    }

    fn take_exception(&self) -> Option<sys::napi_value> {
        let mut pending = false;
        // SAFETY: the environment of this open scope.
        unsafe { sys::napi_is_exception_pending(self.env, &mut pending) };
        let mut exception = null_mut();
        if pending {
            // SAFETY: as above; the handle goes into this scope.
            unsafe { sys::napi_get_and_clear_last_exception(self.env, &mut exception) };
        }
        pending.then_some(exception)
    }
}

impl Drop for HandleScope {
    fn drop(&mut self) {
        // SAFETY: opened by `open`, closed once, and after all that were opened later: they are dropped before it.
        unsafe { sys::napi_close_handle_scope(self.env, self.raw) };
    }
}

/// Calls of JavaScript that belong together: ticks and microtasks run when it is dropped.
struct CallbackScope<'a> {
    handles: &'a HandleScope,
    raw: sys::napi_callback_scope,
}

impl<'a> CallbackScope<'a> {
    /// Nothing if JavaScript does not run any more.
    fn open(handles: &'a HandleScope, context: &RawContext) -> Option<CallbackScope<'a>> {
        let mut raw = null_mut();
        // SAFETY: an environment with an open handle scope, and a context of its. The resource is not used by Node.
        let status = unsafe {
            sys::napi_open_callback_scope(handles.env, null_mut(), context.raw, &mut raw)
        };
        (status == sys::Status::napi_ok).then_some(CallbackScope { handles, raw })
    }
}

impl Drop for CallbackScope<'_> {
    fn drop(&mut self) {
        // SAFETY: opened by `open`, closed once, and before the handle scope that it borrows.
        unsafe { sys::napi_close_callback_scope(self.handles.env, self.raw) };
        self.handles.report_exception();
    }
}

/// The most arguments that a [`Callback`] is called with.
const MOST_ARGUMENTS: usize = 12;

/// A JavaScript function that the event loop may call at any time.
pub struct Callback {
    function: Reference,
    context: AsyncContext,
}

impl Callback {
    /// Calls the function, then runs ticks and microtasks, as Node does after its own callbacks.
    /// An exception is reported as `uncaughtException`. Must not be called while JavaScript runs.
    pub fn call(&self, arguments: &[Argument<'_>]) -> Outcome {
        let env = Env::from_raw(self.context.0.env);
        let Some(scope) = HandleScope::open(env.raw()) else {
            return Outcome::NotCalled;
        };
        // An uncaught exception of a tick shows the line that has thrown it: `napi_make_callback` alone would lose that.
        let _ticks = CallbackScope::open(&scope, &self.context.0);
        let Ok(receiver) = env.get_global() else {
            return Outcome::NotCalled;
        };
        let mut values = [null_mut(); MOST_ARGUMENTS];
        let count = arguments.len().min(values.len());
        for (value, argument) in values.iter_mut().zip(arguments) {
            let Ok(made) = argument.to_value(&env).or_else(|_| {
                // Too long for V8: the exception that says so is cleared, the program sees `undefined`.
                scope.take_exception();
                ().into_unknown(&env)
            }) else {
                return Outcome::NotCalled;
            };
            *value = made.raw();
        }
        let mut result = null_mut();
        // SAFETY: a function, a receiver, a context and arguments of this environment, all of them alive in this scope; there are
        // as many arguments as are said.
        let status = unsafe {
            sys::napi_make_callback(
                env.raw(),
                self.context.0.raw,
                receiver.raw(),
                self.function.get(),
                count,
                values.as_ptr(),
                &mut result,
            )
        };
        if status == sys::Status::napi_ok {
            let mut truth = false;
            // SAFETY: a live value; if it is no boolean, the status says so.
            let status = unsafe { sys::napi_get_value_bool(env.raw(), result, &mut truth) };
            Outcome::Returned((status == sys::Status::napi_ok).then_some(truth))
        } else if scope.report_exception() {
            Outcome::Threw
        } else {
            Outcome::NotCalled
        }
    }
}

/// Runs `work` for the event loop. A panic becomes an `uncaughtException` instead of the end of the process.
pub fn guard(env: sys::napi_env, work: impl FnOnce()) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(work)) else {
        return;
    };
    let Some(scope) = HandleScope::open(env) else {
        return; // JavaScript does not run any more.
    };
    if let Ok(error) = panicked(env, &panic::text(&*panic)) {
        // SAFETY: a live value of this environment, whose scope is open.
        unsafe { sys::napi_fatal_exception(scope.env, error) };
    }
}

fn panicked(env: sys::napi_env, text: &str) -> Result<sys::napi_value> {
    let maker = Env::from_raw(env);
    let code = maker.create_string("ERR_CLUSTER_RS_PANIC")?;
    let message = maker.create_string(format!("cluster-rs has panicked: {text}"))?;
    let mut error = null_mut();
    // SAFETY: live strings of this environment.
    check(unsafe { sys::napi_create_error(env, code.raw(), message.raw(), &mut error) })?;
    Ok(error)
}

/// A JavaScript string on its way into a frame, without a copy in between.
pub struct Text<'env> {
    env: sys::napi_env,
    value: sys::napi_value,
    alive: PhantomData<&'env ()>,
}

impl Text<'_> {
    /// Appends the string to `bytes` as UTF-8.
    pub fn append_to(&self, bytes: &mut Vec<u8>) -> Result<()> {
        let mut units = 0;
        // SAFETY: `value` is a live string (checked by `FromNapiValue`); a null buffer asks for the length.
        check(unsafe {
            sys::napi_get_value_string_latin1(self.env, self.value, null_mut(), 0, &mut units)
        })?;
        // Most text is ASCII, a byte a unit. It was, if at least one byte more than that stays free.
        if !self.append_within(bytes, units + 8, units)? {
            self.append_within(bytes, units * 3 + 8, units * 3)?;
        }
        Ok(())
    }

    /// Whether all of it fitted: `false` leaves `bytes` as it was.
    fn append_within(&self, bytes: &mut Vec<u8>, room: usize, most: usize) -> Result<bool> {
        bytes.reserve(room);
        let free = bytes.spare_capacity_mut().as_mut_ptr().cast();
        let mut written = 0;
        // SAFETY: `room` bytes were reserved there; Node writes at most that many, with the final NUL.
        check(unsafe {
            sys::napi_get_value_string_utf8(self.env, self.value, free, room, &mut written)
        })?;
        if written > most {
            return Ok(false);
        }
        // SAFETY: Node has written so many bytes behind the others.
        unsafe { bytes.set_len(bytes.len() + written) };
        Ok(true)
    }
}

impl napi::bindgen_prelude::TypeName for Text<'_> {
    fn type_name() -> &'static str {
        "String"
    }

    fn value_type() -> napi::ValueType {
        napi::ValueType::String
    }
}

impl napi::bindgen_prelude::ValidateNapiValue for Text<'_> {}

impl FromNapiValue for Text<'_> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        let mut kind = 0;
        // SAFETY: napi calls this with a live value of `env`.
        check(unsafe { sys::napi_typeof(env, value, &mut kind) })?;
        if kind != sys::ValueType::napi_string {
            return Err(Error::new(Status::StringExpected, "expected a string"));
        }
        Ok(Text {
            env,
            value,
            alive: PhantomData,
        })
    }
}

/// A descriptor that JavaScript gives away, as its number: nobody else uses that from now on.
pub struct GivenDescriptor(RawFd);

impl GivenDescriptor {
    /// The descriptor; programs started from here do not inherit it.
    ///
    /// Errors: `EBADF` if it is not open.
    pub fn take(self) -> io::Result<OwnedFd> {
        // SAFETY: takes numbers, and says if this one is not open.
        let code = unsafe { libc::fcntl(self.0, libc::F_SETFD, libc::FD_CLOEXEC) };
        Errno::result(code)?;
        // SAFETY: open, as the call above has shown, and given away, as whoever made this has promised.
        Ok(unsafe { OwnedFd::from_raw_fd(self.0) })
    }

    /// Like [`take`](Self::take), if it is a socket.
    ///
    /// Errors: `EBADF` if it is not open; `ENOTSOCK` if it is something else, which stays its owner's.
    pub fn take_socket(self) -> io::Result<OwnedFd> {
        getsockopt(&socket::duplicate(self.0)?, sockopt::SockType)?;
        self.take()
    }
}

impl napi::bindgen_prelude::TypeName for GivenDescriptor {
    fn type_name() -> &'static str {
        "Number"
    }

    fn value_type() -> napi::ValueType {
        napi::ValueType::Number
    }
}

impl napi::bindgen_prelude::ValidateNapiValue for GivenDescriptor {}

impl FromNapiValue for GivenDescriptor {
    /// What is promised with `value`, beside that it is one of `env`: it is the number of a descriptor that is given away, or
    /// of none that is open.
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        // SAFETY: napi calls this with a live value of `env`.
        let number = unsafe { i32::from_napi_value(env, value) }?;
        Ok(GivenDescriptor(number))
    }
}

/// A descriptor that JavaScript lends for a call, as its number.
pub struct LentDescriptor<'env> {
    number: RawFd,
    open: PhantomData<&'env ()>,
}

impl<'env> LentDescriptor<'env> {
    /// The descriptor.
    ///
    /// Errors: `EBADF` if it is not open.
    pub fn get(&self) -> io::Result<BorrowedFd<'env>> {
        // SAFETY: takes numbers, and says if this one is not open.
        let code = unsafe { libc::fcntl(self.number, libc::F_GETFD) };
        Errno::result(code)?;
        // SAFETY: open, as the call above has shown, and lent, as whoever made this has promised.
        Ok(unsafe { BorrowedFd::borrow_raw(self.number) })
    }
}

impl napi::bindgen_prelude::TypeName for LentDescriptor<'_> {
    fn type_name() -> &'static str {
        "Number"
    }

    fn value_type() -> napi::ValueType {
        napi::ValueType::Number
    }
}

impl napi::bindgen_prelude::ValidateNapiValue for LentDescriptor<'_> {}

impl FromNapiValue for LentDescriptor<'_> {
    /// What is promised with `value`, beside that it is one of `env`: it is the number of a descriptor that is not closed
    /// during the call, or of none that is open.
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        Ok(LentDescriptor {
            // SAFETY: napi calls this with a live value of `env`.
            number: unsafe { i32::from_napi_value(env, value) }?,
            open: PhantomData,
        })
    }
}

/// Numbers that JavaScript and the addon read and write without a call: an `ArrayBuffer` as a `Uint32Array`.
pub struct SharedNumbers {
    _buffer: Reference,
    data: *mut u32,
    length: usize,
}

impl SharedNumbers {
    /// Shares `buffer`, which must be an `ArrayBuffer` for at least `length` numbers.
    pub fn new(env: &Env, buffer: &Object<'_>, length: usize) -> Result<SharedNumbers> {
        let mut data: *mut c_void = null_mut();
        let mut bytes = 0;
        // SAFETY: `buffer` is a live value of `env`.
        check(unsafe {
            sys::napi_get_arraybuffer_info(env.raw(), buffer.raw(), &mut data, &mut bytes)
        })?;
        if bytes < length * size_of::<u32>() || !data.cast::<u32>().is_aligned() {
            return Err(Error::new(
                Status::InvalidArg,
                "the buffer for numbers is too small",
            ));
        }
        Ok(SharedNumbers {
            _buffer: Reference::new(buffer)?,
            data: data.cast(),
            length,
        })
    }

    fn pointer(&self, index: usize) -> *mut u32 {
        assert!(index < self.length);
        // SAFETY: inside of the buffer, whose length `new` has checked.
        unsafe { self.data.add(index) }
    }

    /// The number at `index`.
    pub fn get(&self, index: usize) -> u32 {
        // SAFETY: the reference keeps the buffer, whose memory does not move; JavaScript runs on this same thread.
        unsafe { self.pointer(index).read() }
    }

    /// Adds one to the number at `index`, with wrap-around.
    pub fn increment(&self, index: usize) {
        self.set(index, self.get(index).wrapping_add(1));
    }

    /// Sets the number at `index`.
    pub fn set(&self, index: usize, number: u32) {
        // SAFETY: as in `get`.
        unsafe { self.pointer(index).write(number) };
    }
}

fn check(status: sys::napi_status) -> Result<()> {
    if status == sys::Status::napi_ok {
        return Ok(());
    }
    Err(Error::new(Status::from(status), "Node-API call failed"))
}
