//! Calling JavaScript from the event loop, and text and bytes across that border.
//!
//! A callback that libuv runs has no handle scope, and nobody to drain the tick queue or to report
//! an exception after it: [`Callback::call`] does what Node's own native callbacks do.

use std::any::Any;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::rc::Rc;

use napi::bindgen_prelude::{FromNapiValue, JsObjectValue, Object};
use napi::{Env, Error, JsValue, Result, Status, sys};

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
}

/// What a [`Callback`] came back with.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned; `true` if the value was `true`.
    Returned(bool),
    /// It threw, and the exception has been reported as uncaught.
    Threw,
    /// JavaScript does not run any more: the process is about to end.
    NotCalled,
}

/// The context that `async_hooks` and `AsyncLocalStorage` see in callbacks: that of the moment when it was made.
struct AsyncContext {
    env: sys::napi_env,
    raw: sys::napi_async_context,
}

impl Drop for AsyncContext {
    fn drop(&mut self) {
        // SAFETY: made by `napi_async_init` of the same environment, destroyed once.
        unsafe { sys::napi_async_destroy(self.env, self.raw) };
    }
}

impl AsyncContext {
    /// Runs `work` as one callback of Node's: when it is over, ticks and microtasks run. What they throw, Node sees
    /// where it is thrown, so an uncaught exception shows the line that it comes from.
    fn scoped<T>(&self, work: impl FnOnce() -> T) -> T {
        let mut handles = null_mut();
        let mut scope = null_mut();
        // SAFETY: we are on the thread of `env`, called by its event loop; the scopes are closed below, in reverse.
        let opened = unsafe {
            sys::napi_open_handle_scope(self.env, &mut handles) == sys::Status::napi_ok
                && sys::napi_open_callback_scope(self.env, null_mut(), self.raw, &mut scope)
                    == sys::Status::napi_ok
        };
        let outcome = work();
        if opened {
            // SAFETY: opened above, closed once.
            unsafe {
                sys::napi_close_callback_scope(self.env, scope);
                report_exception(self.env);
                sys::napi_close_handle_scope(self.env, handles);
            }
        }
        outcome
    }
}

/// The functions of one JavaScript object, to be called by name from the event loop.
#[derive(Clone)]
pub struct Callbacks {
    env: sys::napi_env,
    context: Rc<AsyncContext>,
}

impl Callbacks {
    /// Prepares for [`Callbacks::get`]. `name` is the resource's type in `async_hooks`.
    pub fn new(env: &Env, name: &str) -> Result<Callbacks> {
        let env = env.raw();
        let mut label = null_mut();
        let mut raw = null_mut();
        // SAFETY: called from JavaScript, so a handle scope is open; the pointers are valid for the calls.
        check(unsafe {
            sys::napi_create_string_utf8(env, name.as_ptr().cast(), name.len() as isize, &mut label)
        })?;
        // SAFETY: as above. No resource: Node makes one.
        check(unsafe { sys::napi_async_init(env, null_mut(), label, &mut raw) })?;
        let context = Rc::new(AsyncContext { env, raw });
        Ok(Callbacks { env, context })
    }

    /// Runs `work`, whose calls of JavaScript belong together: ticks and microtasks run once, after all of them.
    pub fn together(&self, work: impl FnOnce()) {
        self.context.scoped(work);
    }

    /// The function `name` of `object`. An error if there is none.
    pub fn get(&self, object: &Object<'_>, name: &str) -> Result<Callback> {
        let function: napi::Unknown<'_> = object.get_named_property_unchecked(name)?;
        if function.get_type()? != napi::ValueType::Function {
            return Err(Error::new(
                Status::FunctionExpected,
                format!("{name} must be a function"),
            ));
        }
        let mut reference = null_mut();
        // SAFETY: `function` is a live value of this environment.
        check(unsafe { sys::napi_create_reference(self.env, function.raw(), 1, &mut reference) })?;
        Ok(Callback {
            env: self.env,
            reference,
            context: Rc::clone(&self.context),
        })
    }
}

/// A JavaScript function that the event loop may call at any time.
pub struct Callback {
    env: sys::napi_env,
    reference: sys::napi_ref,
    context: Rc<AsyncContext>,
}

impl Callback {
    /// Calls the function, then runs ticks and microtasks, as Node does after its own callbacks.
    /// An exception is reported as `uncaughtException`. Must not be called while JavaScript runs.
    pub fn call(&self, arguments: &[Argument<'_>]) -> Outcome {
        self.context.scoped(|| {
            let mut scope = null_mut();
            // SAFETY: we are on the thread of `env`, called by its event loop.
            if unsafe { sys::napi_open_handle_scope(self.env, &mut scope) } != sys::Status::napi_ok
            {
                return Outcome::NotCalled;
            }
            // SAFETY: the scope is open.
            let outcome = unsafe { self.call_in_scope(arguments) };
            // SAFETY: opened above, closed once.
            unsafe { sys::napi_close_handle_scope(self.env, scope) };
            outcome
        })
    }

    /// # Safety
    /// A handle scope must be open, on the thread of the environment.
    unsafe fn call_in_scope(&self, arguments: &[Argument<'_>]) -> Outcome {
        let mut function = null_mut();
        let mut receiver = null_mut();
        let mut result = null_mut();
        let mut values = [null_mut(); 12];
        let count = arguments.len().min(values.len());
        for (value, argument) in values.iter_mut().zip(arguments) {
            // SAFETY: by this function's contract.
            *value = unsafe { make(self.env, argument) };
        }
        // SAFETY: the reference is ours and strong; `values` outlives the call; the rest is written by Node.
        let status = unsafe {
            sys::napi_get_reference_value(self.env, self.reference, &mut function);
            sys::napi_get_global(self.env, &mut receiver);
            sys::napi_make_callback(
                self.env,
                self.context.raw,
                receiver,
                function,
                count,
                values.as_ptr(),
                &mut result,
            )
        };
        if status == sys::Status::napi_ok {
            let mut truth = false;
            // SAFETY: `result` was written; a value that is no boolean leaves `truth` as it is.
            unsafe { sys::napi_get_value_bool(self.env, result, &mut truth) };
            return Outcome::Returned(truth);
        }
        // SAFETY: as above.
        if unsafe { report_exception(self.env) } {
            Outcome::Threw
        } else {
            Outcome::NotCalled
        }
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        // SAFETY: made by `napi_create_reference` of the same environment, deleted once.
        unsafe { sys::napi_delete_reference(self.env, self.reference) };
    }
}

/// Hands a pending exception to Node as an uncaught one; whether there was any.
///
/// # Safety
/// A handle scope must be open, on the thread of `env`.
unsafe fn report_exception(env: sys::napi_env) -> bool {
    let mut pending = false;
    let mut exception = null_mut();
    // SAFETY: by this function's contract.
    unsafe {
        sys::napi_is_exception_pending(env, &mut pending);
        if pending {
            sys::napi_get_and_clear_last_exception(env, &mut exception);
            sys::napi_fatal_exception(env, exception);
        }
    }
    pending
}

/// Runs `work` for the event loop. A panic becomes an `uncaughtException` instead of the end of the process.
pub fn guard(env: sys::napi_env, work: impl FnOnce()) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(work)) else {
        return;
    };
    let text = format!("cluster-rs failed: {}", panic_text(panic.as_ref()));
    let mut scope = null_mut();
    let mut message = null_mut();
    let mut error = null_mut();
    // SAFETY: the event loop of `env` called us, on its thread; all pointers are locals.
    unsafe {
        if sys::napi_open_handle_scope(env, &mut scope) == sys::Status::napi_ok {
            let length = text.len() as isize;
            sys::napi_create_string_utf8(env, text.as_ptr().cast(), length, &mut message);
            sys::napi_create_error(env, null_mut(), message, &mut error);
            sys::napi_fatal_exception(env, error);
            sys::napi_close_handle_scope(env, scope);
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic")
}

/// # Safety
/// A handle scope must be open, on the thread of `env`.
unsafe fn make(env: sys::napi_env, argument: &Argument<'_>) -> sys::napi_value {
    let mut value = null_mut();
    // SAFETY: by this function's contract; pointers and lengths come from slices.
    unsafe {
        match *argument {
            Argument::Undefined => sys::napi_get_undefined(env, &mut value),
            Argument::Null => sys::napi_get_null(env, &mut value),
            Argument::Number(number) => sys::napi_create_double(env, number, &mut value),
            // One byte a character in V8, and no decoding.
            Argument::Text(text) if text.is_ascii() => sys::napi_create_string_latin1(
                env,
                text.as_ptr().cast(),
                text.len() as isize,
                &mut value,
            ),
            Argument::Text(text) => sys::napi_create_string_utf8(
                env,
                text.as_ptr().cast(),
                text.len() as isize,
                &mut value,
            ),
            Argument::Bytes(bytes) => {
                let mut copy = null_mut();
                let data = bytes.as_ptr().cast();
                sys::napi_create_buffer_copy(env, bytes.len(), data, &mut copy, &mut value)
            }
        };
        if value.is_null() {
            // Too long for V8: the exception that says so is cleared, the caller sees `undefined`.
            let mut exception = null_mut();
            sys::napi_get_and_clear_last_exception(env, &mut exception);
            sys::napi_get_undefined(env, &mut value);
        }
    }
    value
}

/// A JavaScript string on its way into a frame, without a copy in between.
pub struct Text {
    env: sys::napi_env,
    value: sys::napi_value,
}

impl Text {
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
        let start = bytes.len();
        let mut written = 0;
        // SAFETY: `room` bytes were reserved behind `start`; Node writes at most that many, with the final NUL.
        check(unsafe {
            sys::napi_get_value_string_utf8(
                self.env,
                self.value,
                bytes.as_mut_ptr().add(start).cast(),
                room,
                &mut written,
            )
        })?;
        if written > most {
            return Ok(false);
        }
        // SAFETY: Node has written so many bytes there.
        unsafe { bytes.set_len(start + written) };
        Ok(true)
    }
}

impl napi::bindgen_prelude::TypeName for Text {
    fn type_name() -> &'static str {
        "String"
    }

    fn value_type() -> napi::ValueType {
        napi::ValueType::String
    }
}

impl napi::bindgen_prelude::ValidateNapiValue for Text {}

impl FromNapiValue for Text {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        let mut kind = 0;
        // SAFETY: napi calls this with a live value of `env`.
        check(unsafe { sys::napi_typeof(env, value, &mut kind) })?;
        if kind != sys::ValueType::napi_string {
            return Err(Error::new(Status::StringExpected, "expected a string"));
        }
        Ok(Text { env, value })
    }
}

/// Numbers that JavaScript and the addon read and write without a call: an `ArrayBuffer` as a `Uint32Array`.
pub struct SharedNumbers {
    env: sys::napi_env,
    reference: sys::napi_ref,
    data: *mut u32,
    length: usize,
}

impl SharedNumbers {
    /// Shares `buffer`, which must be an `ArrayBuffer` for at least `length` numbers.
    pub fn new(env: &Env, buffer: &Object<'_>, length: usize) -> Result<SharedNumbers> {
        let mut data: *mut c_void = null_mut();
        let mut bytes = 0;
        let mut reference = null_mut();
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
        // SAFETY: as above.
        check(unsafe { sys::napi_create_reference(env.raw(), buffer.raw(), 1, &mut reference) })?;
        Ok(SharedNumbers {
            env: env.raw(),
            reference,
            data: data.cast(),
            length,
        })
    }

    fn place(&self, index: usize) -> *mut u32 {
        assert!(index < self.length);
        // SAFETY: inside of the buffer, whose length `new` has checked.
        unsafe { self.data.add(index) }
    }

    /// The number at `index`.
    pub fn get(&self, index: usize) -> u32 {
        // SAFETY: the reference keeps the buffer, whose memory does not move; JavaScript runs on this same thread.
        unsafe { *self.place(index) }
    }

    /// Adds one to the number at `index`, with wrap-around.
    pub fn increment(&self, index: usize) {
        // SAFETY: as in `get`.
        unsafe { *self.place(index) = self.get(index).wrapping_add(1) };
    }
}

impl Drop for SharedNumbers {
    fn drop(&mut self) {
        // SAFETY: made by `napi_create_reference` of the same environment, deleted once.
        unsafe { sys::napi_delete_reference(self.env, self.reference) };
    }
}

fn check(status: sys::napi_status) -> Result<()> {
    if status == sys::Status::napi_ok {
        return Ok(());
    }
    Err(Error::new(Status::from(status), "Node-API call failed"))
}
