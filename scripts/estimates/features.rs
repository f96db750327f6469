//! Prints the features that estimates are made of: texts come in, each after its length in bytes (32 bits, the lowest first),
//! and for each a line of counts goes out. For `fit.mjs`.

use std::io::{BufWriter, Read, Write};

fn main() -> std::io::Result<()> {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut rest = input.as_slice();
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = u32::from_le_bytes(*length) as usize;
        let features = tollgate::tokens::estimate::Features::of(after.get(..length).unwrap_or_default());
        let line: Vec<String> = features.0.iter().map(u64::to_string).collect();
        writeln!(out, "{}", line.join(" "))?;
        rest = after.get(length..).unwrap_or_default();
    }
    out.flush()
}
