//! Cycles of aliases that no object or array interrupts, such as `type A = A | null`.
//!
//! JSON Schema has them, and they say nothing; TypeScript refuses them.

use std::collections::HashSet;

use super::types::{Local, Type};

/// Takes such cycles out of `locals`, and says whether there were any.
pub(super) fn cut_bare(locals: &mut [Local]) -> bool {
    let mut any = false;
    for start in 0..locals.len() {
        let mut ty = std::mem::replace(&mut locals[start].ty, Type::Unknown);
        if cut(locals, &mut ty, start) {
            any = true;
            if ty == Type::text("never") {
                ty = Type::Unknown;
            }
        }
        locals[start].ty = ty;
    }
    any
}

/// Takes out of `ty` the bare references from which the local `start` can be reached.
fn cut(locals: &[Local], ty: &mut Type, start: usize) -> bool {
    match ty {
        Type::Local(index) if reaches(locals, *index, start, &mut HashSet::new()) => {
            *ty = Type::text("never");
            true
        }
        Type::Union(parts) => {
            let mut any = false;
            for part in parts.iter_mut() {
                any |= cut(locals, part, start);
            }
            if any {
                *ty = Type::union(std::mem::take(parts));
            }
            any
        }
        Type::All(parts) => {
            let before = parts.len();
            parts.retain_mut(|part| !cut(locals, part, start));
            let any = before != parts.len();
            if any {
                *ty = Type::all(std::mem::take(parts));
            }
            any
        }
        _ => false,
    }
}

fn reaches(locals: &[Local], from: usize, to: usize, seen: &mut HashSet<usize>) -> bool {
    from == to || (seen.insert(from) && has_bare(locals, &locals[from].ty, to, seen))
}

fn has_bare(locals: &[Local], ty: &Type, to: usize, seen: &mut HashSet<usize>) -> bool {
    match ty {
        Type::Local(next) => reaches(locals, *next, to, seen),
        Type::Union(parts) | Type::All(parts) => {
            parts.iter().any(|part| has_bare(locals, part, to, seen))
        }
        _ => false,
    }
}
