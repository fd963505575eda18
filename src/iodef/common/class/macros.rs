//! `enumeration!`, `class!` and `particles!`: how tables are written down. See the words at the head of
//! [`class`](crate::iodef::common::class).

/// Declares lists of values: a Rust enumeration and its table.
///
/// `enumeration! { /** Why a document was sent. */ Purpose "Incident-purpose", section "3.2" { Watch = "watch", … } }`;
/// the word `exact` before the Rust name says that white space around a value counts.
macro_rules! enumeration {
    ($($(#[doc = $doc:literal])* $(@$exact:ident)? $name:ident $registry:literal, section $section:literal {
        $($(#[doc = $vdoc:literal])* $variant:ident = $text:literal,)*
    })*) => {$(
        $(#[doc = $doc])*
        #[doc = ""]
        #[doc = concat!("Defined in ", $section, ".")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $(
                #[doc = concat!("`", $text, "`")]
                #[doc = ""]
                $(#[doc = $vdoc])*
                $variant,
            )*
            /// A value that IANA may have registered later, accepted because the configuration lists it.
            Unlisted,
        }

        impl $crate::iodef::common::class::Enumerated for $name {
            const ENUMERATION: &'static $crate::iodef::common::class::Enumeration = {
                static TABLE: $crate::iodef::common::class::Enumeration = $crate::iodef::common::class::Enumeration {
                    name: $registry,
                    section: $section,
                    values: &[$($text),*],
                    collapses: true $(&& !stringify!($exact).is_empty() && false)?,
                };
                &TABLE
            };

            fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => Some($text),)*
                    Self::Unlisted => None,
                }
            }

            fn named(text: &str) -> Option<Self> {
                match $crate::xml::trim(text) {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl $crate::iodef::common::class::Reads for $name {
            const VALUE: $crate::iodef::common::class::Value = $crate::iodef::common::class::Value::Enumerated(
                <Self as $crate::iodef::common::class::Enumerated>::ENUMERATION,
            );
            type Read<'a> = Self;
            fn read(text: &str) -> Self {
                <Self as $crate::iodef::common::class::Enumerated>::named(text).unwrap_or(Self::Unlisted)
            }
        }

        impl $crate::iodef::common::class::Says<$name> for $name {
            fn say(self) -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(<Self as $crate::iodef::common::class::Enumerated>::name(self).unwrap_or_default())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(<Self as $crate::iodef::common::class::Enumerated>::name(*self).unwrap_or("unlisted"))
            }
        }
    )*};
}
pub(crate) use enumeration;

/// Declares classes. Each becomes a unit type that names it, its table, the accessors of its [`View`] and the setters of
/// its [`Draft`].
///
/// [`View`]: crate::iodef::common::class::View
/// [`Draft`]: crate::iodef::common::class::Draft
macro_rules! class {
    ($($(#[doc = $doc:literal])* $class:ident $name:literal, section $section:literal
        $(, rules [$($rule:path),* $(,)?])? { $($body:tt)* }
    )*) => {$(
        $(#[doc = $doc])*
        #[doc = ""]
        #[doc = concat!("`", $name, "` of ", $section, ".")]
        #[derive(Clone, Copy, Debug)]
        pub struct $class;

        impl $class {
            /// A draft of it that says nothing yet.
            #[must_use]
            pub fn draft() -> $crate::iodef::common::class::Draft<Self> {
                $crate::iodef::common::class::Draft::new()
            }
        }

        $crate::iodef::common::class::class! { @body $class
            { $name, $section, concat!($($doc, "\n"),*), &[$($(&$rule),*)?] }
            $($body)*
        }
    )*};

    (@body $class:ident $head:tt attributes {
        $($(#[doc = $adoc:literal])* $field:ident $aname:literal: $avalue:ty, $usage:ident $($default:literal)?;)*
    } $($content:tt)*) => {
        $crate::iodef::common::class::class! { @table $class $head [$(
            $crate::iodef::common::class::Attr {
                name: $aname,
                value: <$avalue as $crate::iodef::common::class::Reads>::VALUE,
                usage: $crate::iodef::common::class::class!(@usage $usage $($default)?),
                doc: concat!($($adoc, "\n"),*),
            }
        ),*] $($content)* }

        impl<'a> $crate::iodef::common::class::View<'a, $class> {
            $($crate::iodef::common::class::class! {
                @read $usage $field $aname [$($adoc)*] $avalue, $($default)?
            })*
        }

        impl $crate::iodef::common::class::Draft<$class> {$(
            #[doc = concat!("Sets `", $aname, "`.")]
            #[must_use]
            pub fn $field(self, value: impl $crate::iodef::common::class::Says<$avalue>) -> Self {
                self.with_attribute($aname, value.say())
            }
        )*}
    };
    (@body $class:ident $head:tt $($content:tt)*) => {
        $crate::iodef::common::class::class! { @body $class $head attributes {} $($content)* }
    };

    (@table $class:ident { $name:expr, $section:expr, $doc:expr, $rules:expr } [$($attributes:tt)*] $($content:tt)*) => {
        impl $crate::iodef::common::class::Described for $class {
            fn table() -> &'static $crate::iodef::common::class::Class {
                static TABLE: $crate::iodef::common::class::Class = $crate::iodef::common::class::Class {
                    namespace: NAMESPACE,
                    name: $name,
                    section: $section,
                    doc: $doc,
                    attributes: &[$($attributes)*],
                    content: $crate::iodef::common::class::class!(@content $($content)*),
                    rules: $rules,
                };
                &TABLE
            }
        }
        $crate::iodef::common::class::class! { @marks $class $($content)* }
        impl<'a> $crate::iodef::common::class::View<'a, $class> {
            $crate::iodef::common::class::class! { @children view $($content)* }
        }
        impl $crate::iodef::common::class::Draft<$class> {
            $crate::iodef::common::class::class! { @children draft $($content)* }
        }
    };

    (@usage required) => { $crate::iodef::common::class::Usage::Required };
    (@usage optional) => { $crate::iodef::common::class::Usage::Optional };
    (@usage default $text:literal) => { $crate::iodef::common::class::Usage::Default($text) };
    (@usage only $text:literal) => { $crate::iodef::common::class::Usage::Only($text) };
    (@usage fixed $text:literal) => { $crate::iodef::common::class::Usage::Fixed($text) };

    (@read required $field:ident $name:literal [$($doc:literal)*] $value:ty,) => {
        #[doc = concat!("`", $name, "`, required.", $("\n", $doc),*)]
        #[must_use]
        pub fn $field(self) -> <$value as $crate::iodef::common::class::Reads>::Read<'a> {
            self.read::<$value>($name, "")
        }
    };
    (@read optional $field:ident $name:literal [$($doc:literal)*] $value:ty,) => {
        #[doc = concat!("`", $name, "`, optional.", $("\n", $doc),*)]
        #[must_use]
        pub fn $field(self) -> Option<<$value as $crate::iodef::common::class::Reads>::Read<'a>> {
            self.read_optional::<$value>($name)
        }
    };
    (@read $usage:ident $field:ident $name:literal [$($doc:literal)*] $value:ty, $default:literal) => {
        #[doc = concat!("`", $name, "`; absent, it means `", $default, "`.", $("\n", $doc),*)]
        #[must_use]
        pub fn $field(self) -> <$value as $crate::iodef::common::class::Reads>::Read<'a> {
            self.read::<$value>($name, $default)
        }
    };

    (@content empty;) => { $crate::iodef::common::class::Content::Empty };
    (@content empty unless $attribute:literal is $is:literal: $value:ty;) => {
        $crate::iodef::common::class::Content::EmptyUnless($crate::iodef::common::class::Exception {
            attribute: $attribute,
            is: $is,
            value: <$value as $crate::iodef::common::class::Reads>::VALUE,
        })
    };
    (@content anything;) => { $crate::iodef::common::class::Content::Anything };
    (@content text $value:ty;) => {
        $crate::iodef::common::class::Content::Text(<$value as $crate::iodef::common::class::Reads>::VALUE)
    };
    (@content mixed $($group:tt)*) => {
        $crate::iodef::common::class::Content::Mixed($crate::iodef::common::class::particles!(@whole $($group)*))
    };
    (@content $($group:tt)*) => {
        $crate::iodef::common::class::Content::Elements($crate::iodef::common::class::particles!(@whole $($group)*))
    };

    (@marks $class:ident text $value:ty;) => {
        impl $crate::iodef::common::class::HasText for $class {}

        impl $class {
            /// A draft of it with this text.
            pub fn of(text: impl Into<String>) -> $crate::iodef::common::class::Draft<Self> {
                $crate::iodef::common::class::Draft::of(text)
            }
        }
    };
    (@marks $class:ident $($content:tt)*) => {};

    (@children $side:ident empty;) => {};
    (@children $side:ident empty unless $attribute:literal is $is:literal: $value:ty;) => {};
    (@children $side:ident anything;) => {};
    (@children $side:ident text $value:ty;) => {};
    (@children $side:ident mixed $($group:tt)*) => {
        $crate::iodef::common::class::class! { @children $side $($group)* }
    };
    (@children $side:ident sequence { $($items:tt)* }) => {
        $crate::iodef::common::class::particles! { @$side plain $($items)* }
    };
    (@children $side:ident $order:ident one { $($items:tt)* }) => {
        $crate::iodef::common::class::particles! { @$side alternative $($items)* }
    };
    (@children $side:ident $order:ident optional { $($items:tt)* }) => {
        $crate::iodef::common::class::particles! { @$side alternative $($items)* }
    };
    (@children $side:ident $order:ident $occurs:ident { $($items:tt)* }) => {
        $crate::iodef::common::class::particles! { @$side repeated $($items)* }
    };
}
pub(crate) use class;

/// The groups of `class!`: expands them to tables (`@whole`, `@list`), accessors (`@view`) and setters (`@draft`).
macro_rules! particles {
    (@whole sequence { $($items:tt)* }) => {
        $crate::iodef::common::class::particles!(@whole sequence one { $($items)* })
    };
    (@whole $order:ident $occurs:ident { $($items:tt)* }) => {
        $crate::iodef::common::class::Group {
            order: $crate::iodef::common::class::particles!(@order $order),
            occurs: $crate::iodef::common::class::particles!(@occurs $occurs),
            particles: $crate::iodef::common::class::particles!(@list [] $($items)*),
        }
    };
    (@order sequence) => { $crate::iodef::common::class::Order::Sequence };
    (@order choice) => { $crate::iodef::common::class::Order::Choice };
    (@occurs one) => { $crate::iodef::common::class::Occurs::One };
    (@occurs optional) => { $crate::iodef::common::class::Occurs::Optional };
    (@occurs many) => { $crate::iodef::common::class::Occurs::Many };
    (@occurs some) => { $crate::iodef::common::class::Occurs::Some };
    (@occurs prose_many) => { $crate::iodef::common::class::Occurs::ProseMany };
    (@process lax) => { $crate::iodef::common::class::Process::Lax };
    (@process strict) => { $crate::iodef::common::class::Process::Strict };
    (@namespace) => { NAMESPACE };
    (@namespace $namespace:path) => { $namespace };

    (@list [$($done:expr,)*]) => { &[$($done),*] };
    (@list [$($done:expr,)*] choice $occurs:ident { $($inner:tt)* } $($rest:tt)*) => {
        $crate::iodef::common::class::particles!(@list [$($done,)*
            $crate::iodef::common::class::Particle::Group(
                $crate::iodef::common::class::particles!(@whole choice $occurs { $($inner)* })
            ),
        ] $($rest)*)
    };
    (@list [$($done:expr,)*] sequence $occurs:ident { $($inner:tt)* } $($rest:tt)*) => {
        $crate::iodef::common::class::particles!(@list [$($done,)*
            $crate::iodef::common::class::Particle::Group(
                $crate::iodef::common::class::particles!(@whole sequence $occurs { $($inner)* })
            ),
        ] $($rest)*)
    };
    (@list [$($done:expr,)*] any $process:ident $occurs:ident; $($rest:tt)*) => {
        $crate::iodef::common::class::particles!(@list [$($done,)*
            $crate::iodef::common::class::Particle::Wildcard($crate::iodef::common::class::Wildcard {
                other_than: None,
                process: $crate::iodef::common::class::particles!(@process $process),
                occurs: $crate::iodef::common::class::particles!(@occurs $occurs),
            }),
        ] $($rest)*)
    };
    (@list [$($done:expr,)*] other $process:ident $occurs:ident; $($rest:tt)*) => {
        $crate::iodef::common::class::particles!(@list [$($done,)*
            $crate::iodef::common::class::Particle::Wildcard($crate::iodef::common::class::Wildcard {
                other_than: Some(NAMESPACE),
                process: $crate::iodef::common::class::particles!(@process $process),
                occurs: $crate::iodef::common::class::particles!(@occurs $occurs),
            }),
        ] $($rest)*)
    };
    (@list [$($done:expr,)*] $(#[doc = $doc:literal])* also $occurs:ident $name:literal $(@ $namespace:path)?: $class:ty;
        $($rest:tt)*
    ) => {
        $crate::iodef::common::class::particles!(@list [$($done,)*]
            $(#[doc = $doc])* $occurs again $name $(@ $namespace)?: $class; $($rest)*)
    };
    (@list [$($done:expr,)*] $(#[doc = $doc:literal])* $occurs:ident $field:ident $name:literal
        $(@ $namespace:path)?: $class:ty; $($rest:tt)*
    ) => {
        $crate::iodef::common::class::particles!(@list [$($done,)*
            $crate::iodef::common::class::Particle::Element($crate::iodef::common::class::Term {
                namespace: $crate::iodef::common::class::particles!(@namespace $($namespace)?),
                name: $name,
                class: <$class as $crate::iodef::common::class::Described>::table,
                occurs: $crate::iodef::common::class::particles!(@occurs $occurs),
                doc: concat!($($doc, "\n"),*),
            }),
        ] $($rest)*)
    };

    // Accessors and setters walk the same items. `plain`: each occurs as its own word says; `alternative`: none of them
    // need be there; `repeated`: any may be there several times.
    (@$side:ident $context:ident) => {};
    (@$side:ident $context:ident any $process:ident $occurs:ident; $($rest:tt)*) => {
        $crate::iodef::common::class::particles! { @$side $context $($rest)* }
    };
    (@$side:ident $context:ident other $process:ident $occurs:ident; $($rest:tt)*) => {
        $crate::iodef::common::class::particles! { @$side $context $($rest)* }
    };
    (@$side:ident $context:ident $(#[doc = $doc:literal])* also $occurs:ident $name:literal
        $(@ $namespace:path)?: $class:ty; $($rest:tt)*
    ) => {
        $crate::iodef::common::class::particles! { @$side $context $($rest)* }
    };
    (@$side:ident repeated $order:ident $occurs:ident { $($inner:tt)* } $($rest:tt)*) => {
        $crate::iodef::common::class::particles! { @$side repeated $($inner)* }
        $crate::iodef::common::class::particles! { @$side repeated $($rest)* }
    };
    (@$side:ident $context:ident $order:ident many { $($inner:tt)* } $($rest:tt)*) => {
        $crate::iodef::common::class::particles! { @$side repeated $($inner)* }
        $crate::iodef::common::class::particles! { @$side $context $($rest)* }
    };
    (@$side:ident $context:ident $order:ident some { $($inner:tt)* } $($rest:tt)*) => {
        $crate::iodef::common::class::particles! { @$side repeated $($inner)* }
        $crate::iodef::common::class::particles! { @$side $context $($rest)* }
    };
    (@$side:ident $context:ident $order:ident $occurs:ident { $($inner:tt)* } $($rest:tt)*) => {
        $crate::iodef::common::class::particles! { @$side alternative $($inner)* }
        $crate::iodef::common::class::particles! { @$side $context $($rest)* }
    };
    (@view $context:ident $(#[doc = $doc:literal])* $occurs:ident $field:ident $name:literal
        $(@ $namespace:path)?: $class:ty; $($rest:tt)*
    ) => {
        $crate::iodef::common::class::particles! {
            @one $context $occurs $field $name [$($doc)*] ($($namespace)?) $class
        }
        $crate::iodef::common::class::particles! { @view $context $($rest)* }
    };
    (@draft $context:ident $(#[doc = $doc:literal])* $occurs:ident $field:ident $name:literal
        $(@ $namespace:path)?: $class:ty; $($rest:tt)*
    ) => {
        #[doc = concat!("Adds `", $name, "`.")]
        #[must_use]
        pub fn $field(self, child: impl Into<$crate::iodef::common::class::Draft<$class>>) -> Self {
            self.with_child($crate::iodef::common::class::particles!(@namespace $($namespace)?), $name, child.into())
        }
        $crate::iodef::common::class::particles! { @draft $context $($rest)* }
    };

    (@one plain one $field:ident $name:literal [$($doc:literal)*] ($($namespace:path)?) $class:ty) => {
        #[doc = concat!("`", $name, "`, exactly one.", $("\n", $doc),*)]
        #[must_use]
        pub fn $field(self) -> $crate::iodef::common::class::View<'a, $class> {
            self.child_required($crate::iodef::common::class::particles!(@namespace $($namespace)?), $name)
        }
    };
    (@one plain many $field:ident $name:literal [$($doc:literal)*] ($($namespace:path)?) $class:ty) => {
        #[doc = concat!("`", $name, "`, any number.", $("\n", $doc),*)]
        pub fn $field(self) -> impl Iterator<Item = $crate::iodef::common::class::View<'a, $class>> + use<'a> {
            self.children($crate::iodef::common::class::particles!(@namespace $($namespace)?), $name)
        }
    };
    (@one plain some $field:ident $name:literal [$($doc:literal)*] ($($namespace:path)?) $class:ty) => {
        #[doc = concat!("`", $name, "`, at least one.", $("\n", $doc),*)]
        pub fn $field(self) -> impl Iterator<Item = $crate::iodef::common::class::View<'a, $class>> + use<'a> {
            self.children($crate::iodef::common::class::particles!(@namespace $($namespace)?), $name)
        }
    };
    (@one plain prose_many $($rest:tt)*) => {
        $crate::iodef::common::class::particles! { @one plain many $($rest)* }
    };
    (@one alternative many $($rest:tt)*) => {
        $crate::iodef::common::class::particles! { @one plain many $($rest)* }
    };
    (@one alternative some $($rest:tt)*) => {
        $crate::iodef::common::class::particles! { @one plain many $($rest)* }
    };
    (@one repeated $occurs:ident $($rest:tt)*) => {
        $crate::iodef::common::class::particles! { @one plain many $($rest)* }
    };
    (@one $context:ident $occurs:ident $field:ident $name:literal [$($doc:literal)*] ($($namespace:path)?) $class:ty) => {
        #[doc = concat!("`", $name, "`, at most one.", $("\n", $doc),*)]
        #[must_use]
        pub fn $field(self) -> Option<$crate::iodef::common::class::View<'a, $class>> {
            self.child($crate::iodef::common::class::particles!(@namespace $($namespace)?), $name)
        }
    };
}
pub(crate) use particles;
