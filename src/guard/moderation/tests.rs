//! Over the shipped table, which `tests/guard_moderation.rs` reads: here only what needs none.

use super::*;

#[test]
fn what_is_no_table_is_refused() {
    for bytes in [&b""[..], b"TGM1", b"TGM2aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let error = Moderator::new(bytes).unwrap_err();
        assert_eq!(
            error.message(),
            "cannot read the moderation table: expected one packed for this version, found another"
        );
    }
}
