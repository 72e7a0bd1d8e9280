//! The formats as others see them: public JSON against golden files, and bytes that must come back as they went.
#[cfg(test)]
mod any;
#[cfg(test)]
mod book;
#[cfg(test)]
mod bytes;
#[cfg(test)]
mod golden;
