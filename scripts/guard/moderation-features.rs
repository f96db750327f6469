//! Prints what moderation weighs in texts: they come in, each after its length in bytes (32 bits, the lowest first), the packed
//! table as the first. A line says how many features there are; one for each text, which it has. For `moderation-fit.mjs`.

use std::io::{BufWriter, Read, Write};
use tollgate::guard::moderation::Moderator;

fn main() -> std::io::Result<()> {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input)?;
    let mut parts = Vec::new();
    let mut rest = input.as_slice();
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = u32::from_le_bytes(*length) as usize;
        parts.push(after.get(..length).unwrap_or_default());
        rest = after.get(length..).unwrap_or_default();
    }
    let Some((table, texts)) = parts.split_first() else { return Ok(()) };
    let moderator = Moderator::new(table).map_err(std::io::Error::other)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    writeln!(out, "{}", moderator.features("").width)?;
    for text in texts {
        let features = moderator.features(&String::from_utf8_lossy(text));
        let pairs: Vec<String> = features.values.iter().map(|(at, value)| format!("{at}:{value}")).collect();
        writeln!(out, "{}", pairs.join(" "))?;
    }
    out.flush()
}
