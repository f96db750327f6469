//! Prints what the weights of n-grams are fitted from: texts come in, each after its length in bytes (32 bits, the lowest
//! first), and for each goes out the number of its words, whether the grammar finds injection in it at medium sensitivity, and
//! for each word four numbers of 16 bits: whether it has n-grams, and their buckets. For `fit.mjs`.

use std::io::{BufWriter, Read, Write};

use tollgate::guard::{Config, Scanner, Stage, buckets};

fn main() -> std::io::Result<()> {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let scanner =
        Scanner::new(vec![Config::injection()]).map_err(|error| std::io::Error::other(error.message().to_owned()))?;
    let mut rest = input.as_slice();
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = u32::from_le_bytes(*length) as usize;
        let text = std::str::from_utf8(after.get(..length).unwrap_or_default()).unwrap_or_default();
        let words = buckets(text);
        out.write_all(&(words.len() as u32).to_le_bytes())?;
        out.write_all(&u16::from(!scanner.scan(text, Stage::Input).passed).to_le_bytes())?;
        for word in words {
            let [one, two, three] = word.unwrap_or_default();
            for number in [u16::from(word.is_some()), one, two, three] {
                out.write_all(&number.to_le_bytes())?;
            }
        }
        rest = after.get(length..).unwrap_or_default();
    }
    out.flush()
}
