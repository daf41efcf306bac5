//! Functions that are looked up when the process runs, because linking against them would ask for
//! a newer C library, or for a host that has them.

use std::ffi::{CStr, c_void};
use std::ptr::NonNull;

/// The address of `name` in the program and the libraries that it has loaded, if any of them has it.
pub fn find(name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: `name` ends with NUL; RTLD_DEFAULT needs no handle that could be stale.
    NonNull::new(unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) })
}
