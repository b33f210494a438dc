/// Names a grant of a role.
public struct GrantID: OpaqueIdentifier {
    public static let prefix = "gr-"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// An account may sign in from here on. Who it is of is not said here: a person's own account stands in their declaration, and an
/// officer's in the office's list.
public struct AccountOpening: Sendable, Equatable {
    public let account: String
    public let reason: String?

    public init(account: String, reason: String?) {
        self.account = account
        self.reason = reason
    }
}

/// An account may not sign in any more. Its grants lie still until it is opened again.
public struct AccountClosing: Sendable, Equatable {
    public let account: String
    public let reason: String

    public init(account: String, reason: String) {
        self.account = account
        self.reason = reason
    }
}

/// An account has a role from a day on: in a unit and all below it, or everywhere.
public struct RoleGrant: Sendable, Equatable {
    public let grant: GrantID
    public let account: String
    public let role: Role
    /// `nil`: everywhere.
    public let unit: UnitID?
    public let validFrom: CalendarDate
    /// The last day; `nil` until it is withdrawn.
    public let validUntil: CalendarDate?
    /// The decision that it rests on, such as an appointment.
    public let legalBasis: String?

    public init(
        grant: GrantID, account: String, role: Role, unit: UnitID?, validFrom: CalendarDate, validUntil: CalendarDate?, legalBasis: String?
    ) {
        self.grant = grant
        self.account = account
        self.role = role
        self.unit = unit
        self.validFrom = validFrom
        self.validUntil = validUntil
        self.legalBasis = legalBasis
    }
}

/// A grant holds no longer.
public struct RoleWithdrawal: Sendable, Equatable {
    public let grant: GrantID
    public let account: String
    public let reason: String

    public init(grant: GrantID, account: String, reason: String) {
        self.grant = grant
        self.account = account
        self.reason = reason
    }
}

/// What can be done to how an account signs in. The raw value stands in the ledger for ever.
public enum SignInAct: String, Sendable, CaseIterable {
    /// Somebody made a setup link for it: whoever has that may set the account's password.
    case setupLinkMade = "setup-link-made"
    /// A setup link was used: the account has another password, or another identity at a provider, and nobody is signed in any more.
    case setupLinkUsed = "setup-link-used"
    /// An identity at a provider opens the account.
    case identityLinked = "identity-linked"
    /// An identity at a provider does not open it any more.
    case identityUnlinked = "identity-unlinked"
    /// A code of an authenticator is asked for, or one of another authenticator than before.
    case authenticatorSet = "authenticator-set"
    /// No code is asked for any more.
    case authenticatorRemoved = "authenticator-removed"
    /// It has another password, which who knew the one before has chosen.
    case passwordChanged = "password-changed"
    /// Somebody at the console made a token, with which a program acts in its name.
    case tokenMade = "token-made"
}

/// Something was done to how an account signs in, so that nobody takes an account over unseen. By whom, the record's header says; no
/// secret is in it, and of an identity not whose.
public struct SignInChange: Sendable, Equatable {
    public let account: String
    public let act: SignInAct

    public init(account: String, act: SignInAct) {
        self.account = account
        self.act = act
    }
}
