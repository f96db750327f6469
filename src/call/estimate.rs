//! Token estimates where no vocabulary says better.

/// A coarse estimate from UTF-8 bytes: three a token, rounded up. English prose has about four and a half bytes a token,
/// CJK about three, so it lies above for the one and near for the other.
///
/// It is shown, and it prices a stream that ended before its usage; it never bounds anything. Bounds take a token for
/// each byte, since a token is at least a byte.
pub fn estimate_tokens(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(3)
}
