//! When something long says how far it is.

use std::time::Instant;

/// Seconds between two lines.
const EVERY: f64 = 20.0;

pub struct Clock(Instant);

impl Clock {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Whether it is time for another line.
    pub fn due(&mut self) -> bool {
        let due = self.0.elapsed().as_secs_f64() > EVERY;
        if due {
            self.0 = Instant::now();
        }
        due
    }
}
