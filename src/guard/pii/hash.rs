//! The hashes that addresses carry a part of: SHA-256 (FIPS 180-4) and Keccak-256 (FIPS 202, with the padding of its first
//! submission, as Ethereum has it). For texts of a few bytes: small, not fast.

/// The first 32 bits of the fractional parts of the roots of the first primes: square roots begin a hash, cube roots are
/// its constants.
const PRIMES: [u32; 64] = [
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179, 181, 191, 193, 197, 199, 211, 223, 227, 229, 233, 239,
    241, 251, 257, 263, 269, 271, 277, 281, 283, 293, 307, 311,
];

/// 32 bits of the fractional part of a root, by halving: the greatest `x` whose power is at most `prime << 32 * power`.
fn root(prime: u32, power: u32) -> u32 {
    let fits = |x: u128| match power {
        2 => x * x <= u128::from(prime) << 64,
        _ => x * x * x <= u128::from(prime) << 96,
    };
    let mut found = 0_u128;
    for bit in (0..37).rev() {
        let tried = found | 1 << bit;
        if fits(tried) {
            found = tried;
        }
    }
    found as u32
}

pub(crate) fn sha_256(message: &[u8]) -> [u8; 32] {
    let constants = PRIMES.map(|prime| root(prime, 3));
    let mut state = [0_u32; 8];
    for (slot, prime) in state.iter_mut().zip(PRIMES) {
        *slot = root(prime, 2);
    }
    let mut padded = message.to_vec();
    padded.push(0x80);
    padded.resize((padded.len() + 8).next_multiple_of(64) - 8, 0);
    padded.extend((message.len() as u64 * 8).to_be_bytes());
    for block in padded.as_chunks::<64>().0 {
        let mut words = [0_u32; 64];
        for (slot, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
            *slot = u32::from_be_bytes(*bytes);
        }
        for place in 16..64 {
            let word = |back: usize| words.get(place - back).copied().unwrap_or_default();
            let (far, near) = (word(15), word(2));
            let sum = word(16)
                .wrapping_add(far.rotate_right(7) ^ far.rotate_right(18) ^ far >> 3)
                .wrapping_add(word(7))
                .wrapping_add(near.rotate_right(17) ^ near.rotate_right(19) ^ near >> 10);
            if let Some(slot) = words.get_mut(place) {
                *slot = sum;
            }
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
        for (constant, word) in constants.iter().zip(words) {
            let one = h
                .wrapping_add(e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25))
                .wrapping_add(e & f ^ !e & g)
                .wrapping_add(*constant)
                .wrapping_add(word);
            let two = (a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22)).wrapping_add(a & b ^ a & c ^ b & c);
            (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(one), c, b, a, one.wrapping_add(two));
        }
        for (slot, value) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *slot = slot.wrapping_add(value);
        }
    }
    let mut hash = [0; 32];
    for (slot, word) in hash.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *slot = word.to_be_bytes();
    }
    hash
}

pub(super) fn keccak_256(message: &[u8]) -> [u8; 32] {
    const RATE: usize = 136;
    let mut padded = message.to_vec();
    padded.push(1);
    padded.resize(padded.len().next_multiple_of(RATE), 0);
    if let Some(last) = padded.last_mut() {
        *last |= 0x80;
    }
    let mut state = [0_u64; 25];
    for block in padded.as_chunks::<RATE>().0 {
        for (lane, bytes) in state.iter_mut().zip(block.as_chunks::<8>().0) {
            *lane ^= u64::from_le_bytes(*bytes);
        }
        permute(&mut state);
    }
    let mut hash = [0; 32];
    for (slot, lane) in hash.as_chunks_mut::<8>().0.iter_mut().zip(state) {
        *slot = lane.to_le_bytes();
    }
    hash
}

/// Keccak-f of 1600 bits. The lane of column x and row y is at `x + 5 * y`.
fn permute(state: &mut [u64; 25]) {
    let lane = |state: &[u64; 25], x: usize, y: usize| state.get(x % 5 + 5 * (y % 5)).copied().unwrap_or_default();
    let mut shift_register = 1_u8;
    for _ in 0..24 {
        // Theta
        let parity: [u64; 5] = std::array::from_fn(|x| (0..5).fold(0, |all, y| all ^ lane(state, x, y)));
        let column = |x: usize| parity.get(x % 5).copied().unwrap_or_default();
        for (place, slot) in state.iter_mut().enumerate() {
            *slot ^= column(place + 4) ^ column(place % 5 + 1).rotate_left(1);
        }
        // Rho and pi: each lane goes where the last one was, turned by a triangular number.
        let (mut x, mut y) = (1, 0);
        let mut carried = lane(state, x, y);
        for step in 0..24_u32 {
            (x, y) = (y, (2 * x + 3 * y) % 5);
            if let Some(slot) = state.get_mut(x + 5 * y) {
                carried = std::mem::replace(slot, carried.rotate_left((step + 1) * (step + 2) / 2 % 64));
            }
        }
        // Chi
        let before = *state;
        for (place, slot) in state.iter_mut().enumerate() {
            let (x, y) = (place % 5, place / 5);
            *slot = lane(&before, x, y) ^ !lane(&before, x + 1, y) & lane(&before, x + 2, y);
        }
        // Iota: its constants come out of a shift register.
        for bit in 0..7 {
            if shift_register & 1 == 1
                && let Some(first) = state.first_mut()
            {
                *first ^= 1 << ((1_u32 << bit) - 1);
            }
            shift_register = shift_register << 1 ^ if shift_register & 0x80 == 0 { 0 } else { 0x71 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn published_vectors() {
        assert_eq!(hex(&sha_256(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(
            hex(&sha_256(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        );
        assert_eq!(hex(&keccak_256(b"")), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
        assert_eq!(hex(&keccak_256(b"abc")), "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    }
}
