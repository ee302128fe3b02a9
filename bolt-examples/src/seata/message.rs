//! The messages.

/// What clients and coordinators say to each other.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// A transaction manager introduces itself. Nothing else is listened to before.
    RegisterTm(Registration),
    /// The answer.
    TmRegistered(Registered),
    /// A resource manager introduces itself and its resources, separated by commas.
    RegisterRm(Registration, String),
    /// The answer.
    RmRegistered(Registered),
    /// A transaction begins.
    GlobalBegin {
        /// When the coordinator rolls it back by itself, in milliseconds.
        timeout_ms: i32,
        /// For those who read logs.
        name: String,
    },
    /// The answer.
    GlobalBegun {
        /// Whether it has.
        outcome: Outcome,
        /// The id of the transaction.
        xid: String,
        /// Free text.
        extra: String,
    },
    /// A transaction is to be committed or rolled back.
    GlobalEnd {
        /// Which of the two.
        end: End,
        /// The id of the transaction.
        xid: String,
        /// Free text.
        extra: String,
    },
    /// The answer.
    GlobalEnded {
        /// Which of the two was asked for.
        end: End,
        /// Whether that went well.
        outcome: Outcome,
        /// How far the transaction is.
        status: GlobalStatus,
    },
    /// How far is the transaction?
    GlobalState {
        /// Its id.
        xid: String,
        /// Free text.
        extra: String,
    },
    /// The answer.
    GlobalStateIs {
        /// Whether it is known.
        outcome: Outcome,
        /// How far it is.
        status: GlobalStatus,
    },
    /// A resource takes part in a transaction.
    BranchRegister {
        /// The id of the transaction.
        xid: String,
        /// How it takes part.
        branch_type: BranchType,
        /// Its name.
        resource: String,
        /// What it locks.
        lock_key: String,
        /// Given back with [`BranchEnd`](Self::BranchEnd).
        data: String,
    },
    /// The answer.
    BranchRegistered {
        /// Whether it does.
        outcome: Outcome,
        /// The branch's id.
        branch_id: i64,
    },
    /// From the coordinator: commit or roll back your part.
    BranchEnd {
        /// Which of the two.
        end: End,
        /// The id of the transaction.
        xid: String,
        /// The branch's id.
        branch_id: i64,
        /// How it takes part.
        branch_type: BranchType,
        /// The resource.
        resource: String,
        /// What it was registered with.
        data: String,
    },
    /// The answer.
    BranchEnded {
        /// Which of the two was asked for.
        end: End,
        /// Whether the question was understood.
        outcome: Outcome,
        /// The id of the transaction.
        xid: String,
        /// The branch's id.
        branch_id: i64,
        /// Whether it is done.
        status: BranchStatus,
    },
}

/// Who wants to take part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Version of the client's protocol.
    pub version: String,
    /// Name of the application.
    pub application: String,
    /// Name of the group of transactions.
    pub group: String,
    /// Credentials and the like; may be empty.
    pub extra: String,
}

impl Registration {
    /// A registration in the name of version 2.0.0.
    #[must_use]
    pub fn new(application: &str, group: &str) -> Self {
        Self {
            version: "2.0.0".to_owned(),
            application: application.to_owned(),
            group: group.to_owned(),
            extra: String::new(),
        }
    }
}

/// What a coordinator says to a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Whether it is accepted.
    pub accepted: bool,
    /// Version of the coordinator's protocol.
    pub version: String,
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything happens.
    Commit,
    /// Nothing has happened.
    Rollback,
}

/// Whether a request went well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Why not.
    pub failure: Option<String>,
    /// The number of an exception, 0 for none.
    pub exception: u8,
}

/// How a resource takes part in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BranchType(pub u8);

impl BranchType {
    /// By try, confirm and cancel.
    pub const TCC: Self = Self(1);
}

/// How far a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalStatus(pub u8);

impl GlobalStatus {
    /// Nobody knows.
    pub const UNKNOWN: Self = Self(0);
    /// It has begun.
    pub const BEGUN: Self = Self(1);
    /// It was committed.
    pub const COMMITTED: Self = Self(9);
    /// It was rolled back.
    pub const ROLLED_BACK: Self = Self(11);
    /// It has ended and is forgotten.
    pub const FINISHED: Self = Self(15);
}

/// How far a branch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BranchStatus(pub u8);

impl BranchStatus {
    /// Done.
    pub const COMMITTED: Self = Self(5);
    /// Not done, and to be asked for again.
    pub const COMMIT_LATER: Self = Self(6);
    /// Undone.
    pub const ROLLED_BACK: Self = Self(8);
    /// Not undone, and to be asked for again.
    pub const ROLL_BACK_LATER: Self = Self(9);
}

impl Message {
    /// The number that stands before its fields.
    #[must_use]
    pub fn type_code(&self) -> u16 {
        match self {
            Self::GlobalBegin { .. } => 1,
            Self::GlobalBegun { .. } => 2,
            Self::BranchEnd {
                end: End::Commit, ..
            } => 3,
            Self::BranchEnded {
                end: End::Commit, ..
            } => 4,
            Self::BranchEnd { .. } => 5,
            Self::BranchEnded { .. } => 6,
            Self::GlobalEnd {
                end: End::Commit, ..
            } => 7,
            Self::GlobalEnded {
                end: End::Commit, ..
            } => 8,
            Self::GlobalEnd { .. } => 9,
            Self::GlobalEnded { .. } => 10,
            Self::BranchRegister { .. } => 11,
            Self::BranchRegistered { .. } => 12,
            Self::GlobalState { .. } => 15,
            Self::GlobalStateIs { .. } => 16,
            Self::RegisterTm(_) => 101,
            Self::TmRegistered(_) => 102,
            Self::RegisterRm(..) => 103,
            Self::RmRegistered(_) => 104,
        }
    }

    /// About how many bytes it takes.
    pub(super) fn encoded_len(&self) -> usize {
        let texts = match self {
            Self::RegisterTm(it) | Self::RegisterRm(it, _) => it.application.len() + it.extra.len(),
            Self::BranchRegister { lock_key, data, .. } => lock_key.len() + data.len(),
            Self::BranchEnd { data, .. } => data.len(),
            _ => 0,
        };
        128 + texts
    }

    /// The answer to this request when it is not run; there is none to some.
    pub(super) fn refusal(&self, why: &str) -> Option<Self> {
        let outcome = Outcome {
            failure: Some(why.to_owned()),
            exception: 0,
        };
        Some(match self {
            Self::GlobalBegin { .. } => Self::GlobalBegun {
                outcome,
                xid: String::new(),
                extra: String::new(),
            },
            Self::GlobalEnd { end, .. } => Self::GlobalEnded {
                end: *end,
                outcome,
                status: GlobalStatus::UNKNOWN,
            },
            Self::GlobalState { .. } => Self::GlobalStateIs {
                outcome,
                status: GlobalStatus::UNKNOWN,
            },
            Self::BranchRegister { .. } => Self::BranchRegistered {
                outcome,
                branch_id: 0,
            },
            Self::BranchEnd {
                end,
                xid,
                branch_id,
                ..
            } => Self::BranchEnded {
                end: *end,
                outcome,
                xid: xid.clone(),
                branch_id: *branch_id,
                status: match end {
                    End::Commit => BranchStatus::COMMIT_LATER,
                    End::Rollback => BranchStatus::ROLL_BACK_LATER,
                },
            },
            _ => return None,
        })
    }
}
