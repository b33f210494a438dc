internal import Custody
internal import Evidence
internal import Ledger

/// Accounts and their roles. Who signs in, and how, is elsewhere.
enum AccountOperations {
    private static let tag = "accounts"
    private static let account = Operation.Parameter.path("account", "The account.", .account)

    static func all(_ archive: Archive) -> [Operation] {
        [list(archive), own(archive), get(archive), open(archive), close(archive), grant(archive), withdraw(archive)]
    }

    private static func list(_ archive: Archive) -> Operation {
        Operation(
            "accounts.list", .get, "/api/v1/accounts", "Accounts that one administers, by name", tag: tag,
            parameters: Operation.paging(of: "accounts"),
            outcomes: [Operation.Outcome(200, .json(.page(of: .accountWithGrants)), "A page of accounts.")]
        ) { call in
            let limit = call.limit()
            let accounts = try await archive.accounts(
                after: try call.place { Actor.isAccount($0) ? $0 : nil } ?? "", limit: limit, by: try call.actor)
            return .page(accounts.map { .members(members($0)) }, next: accounts.count == limit ? accounts.last?.account : nil)
        }
    }

    private static func own(_ archive: Archive) -> Operation {
        Operation(
            "account", .get, "/api/v1/account", "One's own account with its roles", tag: tag,
            outcomes: [Operation.Outcome(200, .json(.accountWithGrants), "The account.")]
        ) { call in
            let actor = try call.actor
            return .json(members(try await archive.account(actor.account, by: actor)))
        }
    }

    private static func get(_ archive: Archive) -> Operation {
        Operation(
            "accounts.get", .get, "/api/v1/accounts/{account}", "An account with its roles", tag: tag, parameters: [account],
            outcomes: [Operation.Outcome(200, .json(.accountWithGrants), "The account.")]
        ) { call in .json(members(try await archive.account(try call.text("account"), by: try call.actor))) }
    }

    private static func open(_ archive: Archive) -> Operation {
        Operation(
            "accounts.open", .post, "/api/v1/accounts", "Opens an account, or opens one again that was closed", tag: tag, scope: .administer,
            body: .json(
                .object([
                    .required("account", .account, "It stands in the ledger for ever, so it is nobody's name: officer-17."),
                    .optional("reason", .line(max: 2000)),
                ])),
            outcomes: [Operation.Outcome(201, .json(.accountWithGrants), "The account.", [.location])], creates: true
        ) { call in
            let account = try call.body.text("account")
            try await archive.openAccount(account, reason: call.body.optionalText("reason"), by: try call.actor)
            return .created(.members(members(try await archive.account(account, by: try call.actor))), at: "/api/v1/accounts/\(account)")
        }
    }

    private static func close(_ archive: Archive) -> Operation {
        Operation(
            "accounts.close", .post, "/api/v1/accounts/{account}/closing", "Closes an account: it may do nothing from then on", tag: tag,
            scope: .administer, parameters: [account], body: .json(.object([.required("reason", .line(max: 2000))])),
            outcomes: [Operation.Outcome(200, .json(.accountWithGrants), "The account.")]
        ) { call in
            let account = try call.text("account")
            try await archive.closeAccount(account, reason: try call.body.text("reason"), by: try call.actor)
            return .json(members(try await archive.account(account, by: try call.actor)))
        }
    }

    private static func grant(_ archive: Archive) -> Operation {
        Operation(
            "grants.give", .post, "/api/v1/accounts/{account}/grants", "Gives an account a role, in a unit and all below it or everywhere", tag: tag,
            scope: .administer, parameters: [account],
            body: .json(
                .object([
                    DossierOperations.role, .optional("unit", .reference, "Everywhere where none is given."), .optional("valid_from", .date),
                    .optional("valid_until", .date), .optional("basis", .line(max: 2000), "The decision that it rests on."),
                ])),
            outcomes: [Operation.Outcome(201, .json(.grant), "The grant.", [.location])], creates: true
        ) { call in
            let body = call.body
            let grant = try await archive.grantRole(
                try body.role, to: try call.text("account"), unit: body.optionalText("unit"), from: body.date("valid_from"),
                until: body.date("valid_until"), legalBasis: body.optionalText("basis"), by: try call.actor)
            return .created(.members(members(grant)), at: "/api/v1/accounts/\(try call.text("account"))")
        }
    }

    private static func withdraw(_ archive: Archive) -> Operation {
        Operation(
            "grants.withdraw", .post, "/api/v1/grants/{grant}/withdrawal", "Takes a role back", tag: tag, scope: .administer,
            parameters: [.path("grant", "The grant's id, or enough of the beginning of it.")],
            body: .json(.object([.required("reason", .line(max: 2000))])),
            outcomes: [Operation.Outcome(200, .json(.grant), "The grant.")]
        ) { call in
            .json(members(try await archive.withdrawRole(try call.text("grant"), reason: try call.body.text("reason"), by: try call.actor)))
        }
    }
}
