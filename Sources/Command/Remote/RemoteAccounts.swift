internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger
internal import Web

// Accounts, roles and tokens, asked of a server.

extension AddAccount: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let opened = try server.json(
            .post("accounts", body: ["account": .string(account), "reason": try reason.map { .string(try recordable($0, "reason")) }], creates: true))
        server.tell(opened, "opened \(account), record \(opened["opened_record"].number ?? 0)")
    }
}

extension ReopenAccount: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        // One that never was is not opened by a slip of the hand.
        _ = try server.json(.get("accounts", account))
        let opened = try server.json(
            .post("accounts", body: ["account": .string(account), "reason": .string(try recordable(reason, "reason"))], creates: true))
        server.tell(opened, "opened \(account) again, record \(opened["opened_record"].number ?? 0)")
    }
}

extension CloseAccount: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let closed = try server.json(.post("accounts", account, "closing", body: ["reason": .string(try recordable(reason, "reason"))]))
        server.tell(closed, "closed \(account), record \(closed["closed_record"].number ?? 0)")
    }
}

private func place(_ grant: JSON) -> String { grant["unit"].text.map { "in \($0)" } ?? "everywhere" }

extension ListAccounts: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let accounts = try server.entries(
            .get("accounts", query: [("cursor", after.isEmpty ? nil : Page.cursor(for: after))]), limit: limit)
        for account in accounts {
            let roles = account["grants"].elements.filter { $0["in_force"].isTrue }.map { "\($0["role"].text ?? "") \(place($0))" }
            server.list(
                account, "\(account["account"].text ?? "")  \(account["open"].isTrue ? "open" : "closed")  \(roles.joined(separator: ", "))")
        }
        server.more("--after", accounts, limit: limit) { $0["account"].text }
    }
}

extension ShowAccount: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        guard case .object(let shown) = try server.json(.get("accounts", account)) else { return }
        let sessions = try server.json(.get("accounts", account, "sessions"))["sessions"]
        server.show(.object(shown.merging(["sessions": sessions]) { $1 }))
    }
}

extension GiveRole: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let role = try role.chosen()
        let grant = try server.json(
            .post(
                "accounts", account, "grants",
                body: [
                    "role": .string(role.rawValue), "unit": unit.map(JSON.string), "valid_from": try from.map { .text(try date($0, "from")) } ?? nil,
                    "valid_until": try until.map { .text(try date($0, "until")) } ?? nil,
                    "basis": try basis.map { .string(try recordable($0, "basis")) },
                ], creates: true))
        server.tell(
            grant, "\(grant["grant"].text ?? ""): \(account) is \(role.rawValue) \(place(grant)), record \(grant["record"].number ?? 0)")
    }
}

extension WithdrawRole: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let withdrawn = try server.json(.post("grants", grant, "withdrawal", body: ["reason": .string(try recordable(reason, "reason"))]))
        server.tell(withdrawn, "withdrew \(withdrawn["grant"].text ?? grant), record \(withdrawn["withdrawn_record"].number ?? 0)")
    }
}

extension MakeSetupLink: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let link = try server.json(.post("accounts", account, "setup-links", body: [:]))
        if options.json {
            printJSON(["account": link["account"], "setup_link": link["link"], "expires_at": link["expires_at"]])
        } else {
            printLine(visible(link["link"].text ?? ""))
            if !options.quiet { printLine(visible("for \(account), once, until \(link["expires_at"].text ?? "")")) }
        }
    }
}

extension RevokeSessions: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        _ = try server.answer(to: .init(method: "DELETE", path: ["accounts", account, "sessions"]))
        server.tell(.object(["account": .string(account)]), "ended what \(account) had open")
    }
}

extension CreateToken: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let (scope, name) = (try choice(scope, "scope", Custody.TokenScope.self), try recordable(name, "name"))
        let wanted: [String: JSON] = ["name": .string(name), "scope": .string(scope.rawValue), "days": .number(days)]
        let made: JSON
        do { made = try server.json(.post("tokens", body: wanted)) } catch let problem as RemoteProblem where [403, 409].contains(problem.status) {
            // A token makes none that allows more, or is good for longer, than itself; a password does.
            guard let account = try server.json(.get("account"))["account"].text else { throw problem }
            Terminal.say("\(visible(problem.description))\n")
            made = try SignIn.token(wanted, of: account, try SignIn.ask("password of \(account): "), at: server)
        }
        if options.json, case .object(let token) = made["token"] {
            printJSON(token.merging(["secret": made["secret"]]) { $1 })
        } else {
            printLine(visible(made["secret"].text ?? ""))
            if !options.quiet {
                printLine(visible("\(made["token"]["token"].text ?? ""): \(scope.rawValue) until \(made["token"]["expires_at"].text ?? "")"))
            }
        }
    }
}

extension RemoveAuthenticator: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        _ = try server.answer(to: .init(method: "DELETE", path: ["accounts", account, "authenticator"]))
        server.tell(.object(["account": .string(account)]), "removed the authenticator of \(account)")
    }
}

extension RevokeToken: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        guard try server.json(.get("account"))["account"].text == account else {
            throw Failure("cannot revoke a token of \(account) at a server: everybody ends their own, and account revoke-sessions ends all")
        }
        _ = try server.answer(to: .init(method: "DELETE", path: ["tokens", token]))
        server.tell(.object(["account": .string(account)]), "revoked \(token)")
    }
}

extension ListIdentities: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        for identity in try server.json(.get("accounts", account, "identities"))["identities"].elements {
            if options.json {
                printJSON(["account": .string(account), "issuer": identity["issuer"], "subject": identity["subject"]])
            } else {
                printLine(visible("\(identity["issuer"].text ?? "")  \(identity["subject"].text ?? "")"))
            }
        }
    }
}

extension UnlinkIdentity: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let identity = try identity.identity()
        _ = try server.answer(
            to: .post("accounts", account, "identities", "removal", body: ["issuer": .string(identity.issuer), "subject": .string(identity.subject)]))
        server.tell(.object(["account": .string(account)]), "unlinked \(identity.subject) from \(account)")
    }
}
