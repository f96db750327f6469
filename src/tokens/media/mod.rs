//! Images, documents and sound in a request: how large they say they are, and what that is in tokens.
//!
//! Nothing is decoded: sizes are read out of headers, wherever in the data they lie. A header may lie, be cut off or be none;
//! what is read of it is held to what a provider would make of it at most.

mod data;
mod image;
mod pages;
mod sound;
mod vision;

pub use data::Data;
pub use image::size;
pub use pages::pages;
pub use sound::milliseconds;
pub use vision::{Detail, image_tokens};
