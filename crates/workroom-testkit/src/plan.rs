//! Which call meets which fault: a pure function of a seed, the call and how often it has come.

use crate::Random;

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The answer takes its time, in milliseconds.
    Delay(u64),
    /// The connection breaks, and the call was not done.
    ResetBefore,
    /// The call was done, and the connection breaks.
    ResetAfter,
    /// The call was done, and half of the answer comes.
    Half,
    /// The call was done, and no answer comes.
    Hang,
    /// HTTP 429 with `Retry-After`; an error with `retryAfter` over pipes.
    TooMany,
    /// HTTP 502; an internal error over pipes.
    Gateway,
    /// The tool says that it failed, and that a retry may help.
    ToolBusy,
    /// The tool says that it failed.
    ToolError,
    /// A JSON-RPC error.
    RpcError,
    /// The call was done, and its result has another shape.
    Shape,
    /// The call was done, and its result holds a text for a number.
    Type,
    /// The call was done, and is answered twice, the second time wrongly.
    Twice,
}

impl Fault {
    /// Whether a call that meets it is done all the same.
    pub const fn is_done(self) -> bool {
        !matches!(
            self,
            Fault::ResetBefore
                | Fault::TooMany
                | Fault::Gateway
                | Fault::ToolBusy
                | Fault::ToolError
                | Fault::RpcError
        )
    }
}

/// How likely each fault is, in calls of a thousand. What takes real time is rare.
const SHARES: [(Fault, u64); 13] = [
    (Fault::Delay(3), 60),
    (Fault::ResetBefore, 15),
    (Fault::ResetAfter, 15),
    (Fault::Half, 15),
    (Fault::Hang, 2),
    (Fault::TooMany, 40),
    (Fault::Gateway, 20),
    (Fault::ToolBusy, 30),
    (Fault::ToolError, 20),
    (Fault::RpcError, 20),
    (Fault::Shape, 30),
    (Fault::Type, 30),
    (Fault::Twice, 30),
];

/// The faults of one seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
}

impl Plan {
    /// What the call `id` meets when it comes for the `attempt`th time, the first being 1.
    pub fn fault(self, id: &str, attempt: u32) -> Fault {
        let mut at = Random::of(self.seed, &format!("{id} {attempt}")).below(1_000);
        for (fault, share) in SHARES {
            match at.checked_sub(share) {
                Some(rest) => at = rest,
                None => return fault,
            }
        }
        Fault::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_the_same_each_time_and_has_every_fault() {
        let plan = Plan { seed: 1 };
        let faults: Vec<_> = (0..10_000).map(|id| plan.fault(&id.to_string(), 1)).collect();
        let again: Vec<_> = (0..10_000).map(|id| plan.fault(&id.to_string(), 1)).collect();
        assert_eq!(faults, again);
        for (fault, share) in SHARES {
            let met = faults.iter().filter(|met| **met == fault).count() as u64;
            assert!(met > share * 5 && met < share * 20, "{fault:?} was met {met} times");
        }
    }
}
