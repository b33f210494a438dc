internal import Evidence

/// The bodies of records about accounts and their roles.
extension RecordForm {
    static func json(_ opening: AccountOpening) -> [String: JSON] {
        var members: [String: JSON] = ["account": .string(opening.account)]
        members["reason"] = opening.reason.map(JSON.string)
        return members
    }

    static func accountOpening(_ fields: inout Fields) throws(RecordFormError) -> AccountOpening {
        AccountOpening(account: try account(&fields), reason: try fields.optionalString("reason"))
    }

    static func json(_ closing: AccountClosing) -> [String: JSON] {
        ["account": .string(closing.account), "reason": .string(closing.reason)]
    }

    static func accountClosing(_ fields: inout Fields) throws(RecordFormError) -> AccountClosing {
        AccountClosing(account: try account(&fields), reason: try fields.string("reason"))
    }

    static func json(_ grant: RoleGrant) -> [String: JSON] {
        var members: [String: JSON] = [
            "grant": .string(grant.grant.text), "account": .string(grant.account), "role": .string(grant.role.rawValue),
            "valid_from": .string(grant.validFrom.description),
        ]
        members["unit"] = grant.unit.map { .string($0.text) }
        members["valid_until"] = grant.validUntil.map { .string($0.description) }
        members["legal_basis"] = grant.legalBasis.map(JSON.string)
        return members
    }

    static func roleGrant(_ fields: inout Fields) throws(RecordFormError) -> RoleGrant {
        RoleGrant(
            grant: try fields.id("grant"), account: try account(&fields), role: try fields.choice("role"),
            unit: try fields.optionalID("unit"), validFrom: try fields.day("valid_from"), validUntil: try fields.optionalDay("valid_until"),
            legalBasis: try fields.optionalString("legal_basis"))
    }

    static func json(_ withdrawal: RoleWithdrawal) -> [String: JSON] {
        ["grant": .string(withdrawal.grant.text), "account": .string(withdrawal.account), "reason": .string(withdrawal.reason)]
    }

    static func roleWithdrawal(_ fields: inout Fields) throws(RecordFormError) -> RoleWithdrawal {
        RoleWithdrawal(grant: try fields.id("grant"), account: try account(&fields), reason: try fields.string("reason"))
    }

    static func json(_ change: SignInChange) -> [String: JSON] {
        ["account": .string(change.account), "act": .string(change.act.rawValue)]
    }

    static func signInChange(_ fields: inout Fields) throws(RecordFormError) -> SignInChange {
        SignInChange(account: try account(&fields), act: try fields.choice("act"))
    }

    private static func account(_ fields: inout Fields) throws(RecordFormError) -> String {
        try fields.value("account") { Actor.isAccount($0) ? $0 : nil }
    }
}
