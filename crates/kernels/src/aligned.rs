//! A growable buffer of `f32` that starts on a cache line, so that no vector load of a packed operand crosses one.

/// One cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// `f32`s on a 64-byte boundary.
#[derive(Debug, Clone, Default)]
pub(crate) struct Aligned {
    lines: Vec<Line>,
    len: usize,
}

impl Aligned {
    /// Sets the length; new numbers are zero, old ones keep their value.
    pub(crate) fn resize(&mut self, len: usize) {
        self.lines.resize(len.div_ceil(16), Line([0.0; 16]));
        self.len = len;
    }

    /// The numbers.
    pub(crate) fn as_slice(&self) -> &[f32] {
        // SAFETY: `lines` holds at least `len` initialised numbers in a row: a Line is an array of them without padding.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }

    /// The bytes that the numbers are made of.
    pub(crate) fn as_bytes(&self) -> &[i8] {
        // SAFETY: the numbers are initialised, four bytes each, and any byte is an i8.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), 4 * self.len) }
    }

    /// The bytes, to write: any bytes make numbers.
    pub(crate) fn as_mut_bytes(&mut self) -> &mut [i8] {
        // SAFETY: as in `as_bytes`; the borrow is unique, and every pattern of four bytes is an f32.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), 4 * self.len) }
    }

    /// The numbers, to write.
    pub(crate) fn as_mut_slice(&mut self) -> &mut [f32] {
        // SAFETY: as in `as_slice`; the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}
