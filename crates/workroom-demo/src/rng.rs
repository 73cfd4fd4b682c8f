//! Random numbers that are the same on every platform and in every release: `SplitMix64`.
//!
//! Worlds are snapshots of this sequence, so its order of calls is part of a world. Integers
//! only: floating point could round differently elsewhere.

/// A sequence of numbers made from a seed.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`, which must not be 0.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        let scaled = (u128::from(self.next()) * u128::from(end)) >> 64;
        u32::try_from(scaled).expect("a number below a u32 is one")
    }

    /// A number from `least` to `greatest`, both included.
    pub(crate) fn within(&mut self, least: u32, greatest: u32) -> u32 {
        least + self.below(greatest - least + 1)
    }

    /// True in `percent` of 100 cases.
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// A number below `end`, small ones more often: as few products make most of the sales.
    pub(crate) fn skewed(&mut self, end: u32) -> u32 {
        let (a, b) = (u64::from(self.below(1 << 16)), u64::from(self.below(1 << 16)));
        let scaled = (u64::from(end) * ((a * b) >> 16)) >> 16;
        u32::try_from(scaled).expect("a number below a u32 is one")
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let end = u32::try_from(items.len()).expect("lists here are short");
        &items[self.below(end) as usize]
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let end = u32::try_from(last + 1).expect("lists here are short");
            items.swap(last, self.below(end) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        let mut rng = Rng::new(1_234_567);
        let numbers: Vec<u64> = (0..3).map(|_| rng.next()).collect();
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }
}
