//! The types that schemas become, before they are printed.

/// A type. Its depth is bounded by [`super::DEPTH_MAX`], so it may be walked recursively.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    Unknown,
    /// A primitive or a literal, as it is printed.
    Text(String),
    Array(Box<Type>),
    Tuple(Tuple),
    Object(Object),
    Union(Vec<Type>),
    /// All of them at once.
    All(Vec<Type>),
    /// A reference: the index of a [`Local`].
    Local(usize),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tuple {
    pub(super) items: Vec<Type>,
    /// How many must be there.
    pub(super) required: usize,
    pub(super) rest: Option<Box<Type>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Object {
    pub(super) properties: Vec<Property>,
    /// The type of further properties, where the schema gives one.
    pub(super) rest: Option<Box<Type>>,
    /// The schema promises that there are no others, or lists them as if there were none.
    pub(super) closed: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Property {
    pub(super) key: String,
    pub(super) optional: bool,
    pub(super) ty: Type,
    pub(super) doc: Vec<String>,
}

/// What a reference points at.
#[derive(Clone, Debug)]
pub(super) struct Local {
    pub(super) name: String,
    pub(super) ty: Type,
    pub(super) doc: Vec<String>,
    /// How many references there are.
    pub(super) uses: usize,
    /// A reference to it is inside of it.
    pub(super) cyclic: bool,
}

impl Type {
    pub(super) fn text(text: &str) -> Type {
        Type::Text(text.to_owned())
    }

    /// One of `parts`: flattened, without repetition, `null` last.
    pub(super) fn union(parts: impl IntoIterator<Item = Type>) -> Type {
        let mut flat: Vec<Type> = Vec::new();
        let mut null = false;
        for part in parts {
            let inner = match part {
                Type::Union(inner) => inner,
                other => vec![other],
            };
            for ty in inner {
                match ty {
                    Type::Unknown => return Type::Unknown,
                    Type::Text(text) if text == "null" => null = true,
                    Type::Text(text) if text == "never" => {}
                    ty if flat.contains(&ty) => {}
                    ty => flat.push(ty),
                }
            }
        }
        if null {
            flat.push(Type::text("null"));
        }
        match flat.len() {
            0 => Type::text("never"),
            1 => flat.remove(0),
            _ => Type::Union(flat),
        }
    }

    /// All of `parts` at once: objects are merged into one where that is the same.
    pub(super) fn all(parts: impl IntoIterator<Item = Type>) -> Type {
        let mut merged: Option<Object> = None;
        let mut others: Vec<Type> = Vec::new();
        for part in parts {
            match part {
                Type::Unknown => {}
                Type::Object(object) if object.rest.is_none() => match &mut merged {
                    Some(into) => into.merge(object),
                    None => merged = Some(object),
                },
                other if others.contains(&other) => {}
                other => others.push(other),
            }
        }
        let merged = merged.filter(|it| others.is_empty() || !it.properties.is_empty());
        let mut parts: Vec<Type> = merged.into_iter().map(Type::Object).chain(others).collect();
        match parts.len() {
            0 => Type::Unknown,
            1 => parts.remove(0),
            _ => Type::All(parts),
        }
    }
}

impl Object {
    fn merge(&mut self, other: Object) {
        self.closed &= other.closed;
        for property in other.properties {
            let same = self.properties.iter_mut().find(|it| it.key == property.key);
            let Some(same) = same else {
                self.properties.push(property);
                continue;
            };
            same.optional &= property.optional;
            let ty = std::mem::replace(&mut same.ty, Type::Unknown);
            same.ty = if ty == property.ty { ty } else { Type::all([ty, property.ty]) };
            if same.doc.is_empty() {
                same.doc = property.doc;
            }
        }
    }
}
