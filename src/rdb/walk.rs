//! Values that are passed over: streams, what modules have written.

use super::error::{Damage, Problem};
use super::input::{Input, Result, Source};

/// A stream's id as raw bytes: milliseconds and a number.
const STREAM_ID_BYTES: u64 = 16;
const TIME_BYTES: u64 = 8;

/// The forms of streams, each with more than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StreamForm {
    V1,
    V2,
    V3,
}

impl<S: Source> Input<S> {
    pub fn skip_stream(&mut self, form: StreamForm) -> Result<(), S> {
        self.skip_each(|input| {
            input.skip_text()?;
            input.skip_text()
        })?;
        // How many entries; the last id. Then the first, the last that was deleted, all ever added.
        self.skip_lengths(if form >= StreamForm::V2 { 8 } else { 3 })?;
        self.skip_each(|input| input.skip_group(form))
    }

    fn skip_group(&mut self, form: StreamForm) -> Result<(), S> {
        self.skip_text()?;
        self.skip_lengths(if form >= StreamForm::V2 { 3 } else { 2 })?;
        self.skip_each(|input| {
            input.skip(STREAM_ID_BYTES + TIME_BYTES)?;
            input.skip_lengths(1)
        })?;
        self.skip_each(|consumer| {
            consumer.skip_text()?;
            consumer.skip(if form >= StreamForm::V3 { 2 * TIME_BYTES } else { TIME_BYTES })?;
            consumer.skip_each(|input| input.skip(STREAM_ID_BYTES))
        })
    }

    /// What modules write says what each part is.
    pub fn skip_module(&mut self) -> Result<(), S> {
        loop {
            let offset = self.offset();
            match self.length()? {
                0 => return Ok(()),
                1 | 2 => drop(self.length()?),
                3 => self.skip(4)?,
                4 => self.skip(8)?,
                5 => self.skip_text()?,
                part => {
                    return Err(Damage { offset, problem: Problem::ModulePart(part) }.into());
                }
            }
        }
    }

    pub fn skip_lengths(&mut self, count: usize) -> Result<(), S> {
        for _ in 0..count {
            self.length()?;
        }
        Ok(())
    }

    /// A count, and as many of what `skip` passes over.
    fn skip_each(&mut self, mut skip: impl FnMut(&mut Self) -> Result<(), S>) -> Result<(), S> {
        for _ in 0..self.length()? {
            skip(self)?;
        }
        Ok(())
    }
}
