//! The content of each class as a finite automaton, built from its table by positions (XML Schema's content models are
//! deterministic by rule, so each state has at most one way on for a name). Made by [`Grammar::of`], walked by the
//! validator: one short scan per child, no allocation.
//!
//! [`Grammar::of`]: crate::iodef::common::class::Grammar::of

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::iodef::common::class::{
    Attr, Class, Content, Group, Occurs, Order, Particle, Process, Term, Usage, Wildcard,
};

/// A namespace that some table names; others have [`NamespaceId::FOREIGN`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct NamespaceId(u16);

impl NamespaceId {
    /// No namespace at all.
    pub(super) const NONE: Self = Self(0);
    /// One that no table names.
    pub(super) const FOREIGN: Self = Self(u16::MAX);
}

/// A [`Model`] within its [`Models`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ModelId(u16);

/// A class with its automaton.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) class: &'static Class,
    /// The first is where content begins. Empty for content without elements.
    pub(super) states: Vec<State>,
    /// Keys of the attributes' names, in the order of the table.
    pub(super) attributes: Vec<u64>,
    /// One bit for each attribute that must be there.
    pub(super) required: u64,
    /// The children that must be there as the schema is printed, but not as the prose has it.
    pub(super) excused: Vec<&'static Term>,
    /// The bits of each attribute that may be `ext-value` and of its `ext-` attribute.
    pub(super) extended: Vec<(u64, u64)>,
}

/// A place in the content of a class.
#[derive(Debug)]
pub(super) struct State {
    /// Whether the content may end here.
    pub(super) accepts: bool,
    /// The elements that may follow.
    pub(super) steps: Vec<Step>,
    /// The elements of other standards that may follow.
    pub(super) wildcards: Vec<(Wildcard, NamespaceId, u16)>,
}

/// An element that may follow.
#[derive(Debug)]
pub(super) struct Step {
    key: u64,
    namespace: NamespaceId,
    pub(super) term: &'static Term,
    pub(super) model: ModelId,
    /// The state it leads to.
    pub(super) next: u16,
}

impl Step {
    #[inline]
    pub(super) fn is(&self, key: u64, namespace: NamespaceId, name: &str) -> bool {
        self.key == key && self.namespace == namespace && self.term.name == name
    }
}

/// A number that differs for almost all names: the length and the last seven bytes.
#[inline]
pub(super) fn key(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let tail = match bytes.last_chunk::<8>() {
        Some(tail) => u64::from_le_bytes(*tail) & !0xff,
        None => bytes.iter().fold(0, |key, byte| key << 8 | u64::from(*byte)) << 8,
    };
    tail | (bytes.len() as u64 & 0xff)
}

/// All models of a grammar.
#[derive(Debug, Default)]
pub(super) struct Models {
    namespaces: Vec<&'static str>,
    models: Vec<Model>,
    /// By the address of the class's table.
    by_class: HashMap<usize, ModelId>,
}

impl Models {
    pub(super) fn namespace(&mut self, name: &'static str) -> NamespaceId {
        if self.namespaces.is_empty() {
            self.namespaces.push("");
        }
        let found = self.find_namespace(name);
        if found != NamespaceId::FOREIGN {
            return found;
        }
        self.namespaces.push(name);
        NamespaceId(u16::try_from(self.namespaces.len() - 1).unwrap_or(u16::MAX))
    }

    #[inline]
    pub(super) fn find_namespace(&self, name: &str) -> NamespaceId {
        let found = self.namespaces.iter().position(|one| *one == name);
        found.and_then(|at| u16::try_from(at).ok()).map_or(NamespaceId::FOREIGN, NamespaceId)
    }

    /// Whether a table names the namespace.
    pub(super) fn is_known(&self, namespace: NamespaceId) -> bool {
        !matches!(namespace, NamespaceId::NONE | NamespaceId::FOREIGN)
    }

    #[inline]
    pub(super) fn model(&self, id: ModelId) -> &Model {
        &self.models[usize::from(id.0)]
    }

    /// The classes of all models.
    pub(super) fn classes(&self) -> impl Iterator<Item = &'static Class> {
        self.models.iter().map(|model| model.class)
    }

    /// The model of a class, and of all it holds.
    pub(super) fn add(&mut self, class: &'static Class) -> ModelId {
        if let Some(id) = self.by_class.get(&std::ptr::from_ref(class).addr()) {
            return *id;
        }
        let id = ModelId(u16::try_from(self.models.len()).unwrap_or(u16::MAX));
        let mut required = 0;
        for (bit, attribute) in class.attributes.iter().enumerate() {
            if matches!(attribute.usage, Usage::Required | Usage::Only(_)) {
                required |= 1 << bit;
            }
        }
        let attributes = class.attributes.iter().map(|attribute| key(attribute.name)).collect();
        // Classes hold each other in circles: the place is taken before the children are looked at.
        let (excused, extended) = (excused(class), extended(class));
        self.models.push(Model { class, states: Vec::new(), attributes, required, excused, extended });
        self.by_class.insert(std::ptr::from_ref(class).addr(), id);
        if let Content::Elements(group) | Content::Mixed(group) = &class.content {
            let states = self.states(group);
            self.models[usize::from(id.0)].states = states;
        }
        id
    }

    fn states(&mut self, group: &'static Group) -> Vec<State> {
        let mut positions = Positions::default();
        let whole = positions.group(group);
        let mut numbers: BTreeMap<BTreeSet<usize>, u16> = BTreeMap::new();
        let mut states = vec![positions.state(self, &whole.first, whole.nullable)];
        let mut open: Vec<(BTreeSet<usize>, u16)> = Vec::new();
        let mut at = 0;
        while at < states.len() {
            // A state's ways on lead to sets of positions; each set is one state.
            let (state, ways) = &mut states[at];
            for (way, target) in ways.iter().enumerate() {
                let fresh = u16::try_from(numbers.len() + 1).unwrap_or(u16::MAX);
                let number = *numbers.entry(target.clone()).or_insert_with(|| {
                    open.push((target.clone(), fresh));
                    fresh
                });
                if way < state.steps.len() {
                    state.steps[way].next = number;
                } else {
                    let wildcard = way - state.steps.len();
                    state.wildcards[wildcard].2 = number;
                }
            }
            for (target, _) in open.drain(..) {
                let accepts = target.iter().any(|position| whole.last.contains(position));
                let follow =
                    target.iter().filter_map(|position| positions.follow.get(position)).flatten().copied().collect();
                states.push(positions.state(self, &follow, accepts));
            }
            at += 1;
        }
        states.into_iter().map(|(state, _)| state).collect()
    }
}

/// The children that only the prose lets be absent.
fn excused(class: &'static Class) -> Vec<&'static Term> {
    let (Content::Elements(group) | Content::Mixed(group)) = &class.content else { return Vec::new() };
    let term = |particle: &'static Particle| match particle {
        Particle::Element(term) if term.occurs == Occurs::ProseMany => Some(term),
        _ => None,
    };
    group.particles.iter().filter_map(term).collect()
}

/// The pairs of `X` and `ext-X` among the attributes.
fn extended(class: &Class) -> Vec<(u64, u64)> {
    let bit_of = |name: &str| class.attributes.iter().position(|one| one.name == name).map(|place| 1 << place);
    let pair = |one: &Attr| {
        let base = one.name.strip_prefix("ext-")?;
        Some((bit_of(base)?, bit_of(one.name)?))
    };
    class.attributes.iter().filter_map(pair).collect()
}

/// What Glushkov's construction knows about a piece of a content model.
#[derive(Default)]
struct Piece {
    nullable: bool,
    first: BTreeSet<usize>,
    last: BTreeSet<usize>,
}

#[derive(Default)]
struct Positions {
    list: Vec<&'static Particle>,
    follow: BTreeMap<usize, BTreeSet<usize>>,
}

impl Positions {
    fn group(&mut self, group: &'static Group) -> Piece {
        let pieces: Vec<Piece> = group.particles.iter().map(|particle| self.particle(particle)).collect();
        let whole = match group.order {
            Order::Choice => pieces.into_iter().fold(Piece::default(), |mut whole, piece| {
                whole.nullable |= piece.nullable;
                whole.first.extend(piece.first);
                whole.last.extend(piece.last);
                whole
            }),
            Order::Sequence => {
                let empty = Piece { nullable: true, ..Piece::default() };
                pieces.into_iter().fold(empty, |mut whole, piece| {
                    for last in &whole.last {
                        self.follow.entry(*last).or_default().extend(&piece.first);
                    }
                    if whole.nullable {
                        whole.first.extend(&piece.first);
                    }
                    if !piece.nullable {
                        whole.last.clear();
                    }
                    whole.last.extend(piece.last);
                    whole.nullable &= piece.nullable;
                    whole
                })
            }
        };
        self.repeated(whole, group.occurs)
    }

    fn particle(&mut self, particle: &'static Particle) -> Piece {
        let occurs = match particle {
            Particle::Group(group) => return self.group(group),
            Particle::Element(term) => term.occurs,
            Particle::Wildcard(wildcard) => wildcard.occurs,
        };
        let at = self.list.len();
        self.list.push(particle);
        let piece = Piece { nullable: false, first: BTreeSet::from([at]), last: BTreeSet::from([at]) };
        self.repeated(piece, occurs)
    }

    fn repeated(&mut self, mut piece: Piece, occurs: Occurs) -> Piece {
        if occurs.may_repeat() {
            for last in &piece.last {
                self.follow.entry(*last).or_default().extend(&piece.first);
            }
        }
        piece.nullable |= occurs.may_be_absent();
        piece
    }

    /// The state from which `positions` may follow, and for each of its ways (steps, then wildcards) the positions that
    /// are taken by it.
    fn state(&self, models: &mut Models, positions: &BTreeSet<usize>, accepts: bool) -> (State, Vec<BTreeSet<usize>>) {
        let mut state = State { accepts, steps: Vec::new(), wildcards: Vec::new() };
        let (mut step_targets, mut wildcard_targets): (Vec<BTreeSet<usize>>, Vec<BTreeSet<usize>>) = Default::default();
        for at in positions {
            match self.list[*at] {
                Particle::Element(term) => {
                    let namespace = models.namespace(term.namespace);
                    let key = key(term.name);
                    match state.steps.iter().position(|step| step.is(key, namespace, term.name)) {
                        Some(found) => {
                            step_targets[found].insert(*at);
                        }
                        None => {
                            let model = models.add((term.class)());
                            state.steps.push(Step { key, namespace, term, model, next: 0 });
                            step_targets.push(BTreeSet::from([*at]));
                        }
                    }
                }
                Particle::Wildcard(wildcard) => {
                    match state.wildcards.iter().position(|(one, ..)| one.other_than == wildcard.other_than) {
                        Some(found) => {
                            wildcard_targets[found].insert(*at);
                        }
                        None => {
                            let namespace = models.namespace(wildcard.other_than.unwrap_or_default());
                            state.wildcards.push((*wildcard, namespace, 0));
                            wildcard_targets.push(BTreeSet::from([*at]));
                        }
                    }
                }
                Particle::Group(_) => {}
            }
        }
        step_targets.append(&mut wildcard_targets);
        (state, step_targets)
    }
}

impl State {
    /// The wildcard that takes an element of that namespace.
    pub(super) fn wildcard(&self, namespace: NamespaceId) -> Option<(Process, u16)> {
        self.wildcards.iter().find_map(|(wildcard, not, next)| {
            let takes = match wildcard.other_than {
                None => true,
                Some(_) => namespace != NamespaceId::NONE && namespace != *not,
            };
            takes.then_some((wildcard.process, *next))
        })
    }
}
