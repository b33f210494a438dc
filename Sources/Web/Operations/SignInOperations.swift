internal import Custody
internal import Evidence
internal import Ledger

/// Signing in and out, by password; setup links, authenticators and tokens.
enum SignInOperations {
    static let tag = "sign-in"

    static func all(_ archive: Archive, _ rules: SignInRules) -> [Operation] {
        [
            signIn(archive, rules), session(archive, rules), signOut(archive), sessions(archive), revokeAll(archive), offer(archive, rules),
            setup(archive, rules), setupLink(archive, rules), changePassword(archive), offerAuthenticator(archive, rules),
            setAuthenticator(archive), removeAuthenticator(archive, rules), removeLostAuthenticator(archive), tokens(archive), createToken(archive),
            revokeToken(archive),
        ]
    }

    static let password = Schema.text(.anything, min: 1, max: 1024)
    static let code = Schema.text(.line, min: 6, max: 8)
    static let secret = Schema.text(.line, min: 1, max: 200)
    private static let authenticator = Schema.object([
        .required("key", .text(.line, min: 16, max: 128), "In base 32."), .required("code", code, "What it shows now."),
    ])

    // MARK: Sessions

    static let form = Schema.named(
        "Session",
        .object([
            .required("account", .account), .required("csrf_token", .digest, "A change with the cookie needs it in X-CSRF-Token."),
            .required("idle_until", .time), .required("expires_at", .time),
        ]))

    static func members(_ session: Session, _ secret: String) -> [String: JSON?] {
        [
            "account": .string(session.account), "csrf_token": .string(CrossSiteCheck.token(for: secret)),
            "idle_until": .text(session.idleUntil), "expires_at": .text(session.expiresAt),
        ]
    }

    private static func signIn(_ archive: Archive, _ rules: SignInRules) -> Operation {
        Operation(
            "session.begin", .post, "/api/v1/session", "Signs in by password; the session's secret is in a cookie that no page can read", tag: tag,
            access: .anybody,
            body: .json(
                .object([
                    .required("account", .account), .required("password", password),
                    .optional("code", code, "Of the authenticator, where there is one."),
                ])),
            outcomes: [Operation.Outcome(200, .json(form), "The session.")], refusals: [401, 403, 429]
        ) { call in
            let new = try await archive.signIn(
                try call.body.text("account"), password: try call.body.text("password"), code: call.body.optionalText("code"), from: call.client,
                rules: rules)
            var answer = Answer.json(members(new.session, new.secret))
            answer.cookies = [SessionCookie.set(new.secret, isSecure: call.isSecure)]
            return answer
        }
    }

    private static func session(_ archive: Archive, _ rules: SignInRules) -> Operation {
        Operation(
            "session.get", .get, "/api/v1/session", "The session that one has", tag: tag,
            outcomes: [Operation.Outcome(200, .json(form), "The session.")]
        ) { call in
            guard let secret = call.signedIn?.session, let session = try await archive.session(secret, rules: rules) else {
                throw Problem.notFound("this request brings a token, and no session")
            }
            return .json(members(session, secret))
        }
    }

    private static func signOut(_ archive: Archive) -> Operation {
        Operation(
            "session.end", .delete, "/api/v1/session", "Signs out", tag: tag, scope: .read,
            outcomes: [Operation.Outcome(204, .nothing, "It has ended.")]
        ) { call in
            guard let secret = call.signedIn?.session else { throw Problem.notFound("this request brings a token, and no session") }
            try await archive.signOut(secret)
            var answer = Answer.nothing
            answer.cookies = [SessionCookie.clear(isSecure: call.isSecure)]
            return answer
        }
    }

    private static func sessions(_ archive: Archive) -> Operation {
        let entry = Schema.object([
            .required("session", .line(max: 40)), .required("created_at", .time), .required("seen_at", .time, "Give or take a minute."),
            .required("expires_at", .time),
        ])
        return Operation(
            "sessions.list", .get, "/api/v1/accounts/{account}/sessions", "The sessions of an account: one's own, or one that one administers",
            tag: tag,
            parameters: [.path("account", "The account.", .account)],
            outcomes: [Operation.Outcome(200, .json(.object([.required("sessions", .list(entry))])), "The sessions.")]
        ) { call in
            let sessions = try await archive.sessions(of: try call.text("account"), by: try call.actor)
            return .json([
                "sessions": .array(
                    sessions.map {
                        .members([
                            "session": .string($0.id.text), "created_at": .text($0.createdAt), "seen_at": .text($0.seenAt),
                            "expires_at": .text($0.expiresAt),
                        ])
                    })
            ])
        }
    }

    private static func revokeAll(_ archive: Archive) -> Operation {
        Operation(
            "sessions.revoke", .delete, "/api/v1/accounts/{account}/sessions", "Ends every session, setup link and token of an account", tag: tag,
            scope: .administer, parameters: [.path("account", "The account.", .account)],
            outcomes: [Operation.Outcome(204, .nothing, "They have ended.")]
        ) { call in
            try await archive.revokeAll(of: try call.text("account"), by: try call.actor)
            return .nothing
        }
    }

    // MARK: Setup links, passwords, authenticators

    private static let offered = Schema.named(
        "AuthenticatorOffer",
        .object([
            .required("account", .account), .required("key", .line(max: 128), "In base 32; nothing is kept of it until its code comes back with it."),
            .required("address", .line(max: 500), "For a picture that an app reads."),
            .required("required", .boolean, "The account's roles ask for one, and it has none."),
        ]))

    private static func members(_ offer: AuthenticatorOffer) -> [String: JSON?] {
        [
            "account": .string(offer.account), "key": .string(offer.key), "address": .string(offer.address), "required": .bool(offer.isRequired),
        ]
    }

    private static func proof(_ members: Members?) throws(Problem) -> AuthenticatorProof? {
        guard let members else { return nil }
        return AuthenticatorProof(key: try members.text("key"), code: try members.text("code"))
    }

    private static func offer(_ archive: Archive, _ rules: SignInRules) -> Operation {
        Operation(
            "setup.offer", .post, "/api/v1/setup/offer", "What a setup link is for, with an authenticator that may be set up", tag: tag,
            access: .anybody,
            body: .json(.object([.required("link", secret)])), outcomes: [Operation.Outcome(200, .json(offered), "The offer.")], refusals: [401]
        ) { call in .json(members(try await archive.offer(for: try call.body.text("link"), rules: rules))) }
    }

    private static func setup(_ archive: Archive, _ rules: SignInRules) -> Operation {
        Operation(
            "setup.use", .post, "/api/v1/setup", "Sets the password of an account by its setup link, once", tag: tag, access: .anybody,
            body: .json(
                .object([
                    .required("link", secret), .required("password", password), .optional("authenticator", authenticator),
                ])),
            outcomes: [Operation.Outcome(200, .json(.object([.required("account", .account)])), "The account that may sign in now.")],
            refusals: [401, 403, 429]
        ) { call in
            let account = try await archive.useSetupLink(
                try call.body.text("link"), password: try call.body.text("password"), authenticator: try proof(call.body.object("authenticator")),
                rules: rules)
            return .json(["account": .string(account)])
        }
    }

    private static func setupLink(_ archive: Archive, _ rules: SignInRules) -> Operation {
        Operation(
            "accounts.setup-link", .post, "/api/v1/accounts/{account}/setup-links", "Makes a setup link, in the place of any other of the account",
            tag: tag, scope: .administer, parameters: [.path("account", "The account.", .account)],
            outcomes: [
                Operation.Outcome(
                    201,
                    .json(.object([.required("link", secret, "Shown this once."), .required("account", .account), .required("expires_at", .time)])),
                    "The link.")
            ]
        ) { call in
            let link = try await archive.createSetupLink(for: try call.text("account"), rules: rules, by: try call.actor)
            return .json(
                ["link": .string(link.secret), "account": .string(link.account), "expires_at": .text(link.expiresAt)], status: 201)
        }
    }

    private static func changePassword(_ archive: Archive) -> Operation {
        Operation(
            "account.password", .put, "/api/v1/account/password", "Changes one's password, and ends one's other sessions and one's tokens", tag: tag,
            scope: .administer,
            body: .json(.object([.required("password", password, "The one of now."), .required("new", password)])),
            outcomes: [Operation.Outcome(204, .nothing, "It is changed.")], refusals: [422]
        ) { call in
            try await archive.changePassword(
                from: try call.body.text("password"), to: try call.body.text("new"), keeping: call.signedIn?.session, address: call.client,
                by: try call.actor)
            return .nothing
        }
    }

    private static func offerAuthenticator(_ archive: Archive, _ rules: SignInRules) -> Operation {
        Operation(
            "authenticator.offer", .get, "/api/v1/account/authenticator", "An authenticator that one may set up", tag: tag, scope: .administer,
            outcomes: [Operation.Outcome(200, .json(offered), "The offer.")]
        ) { call in .json(members(try await archive.offerAuthenticator(rules: rules, by: try call.actor))) }
    }

    private static func setAuthenticator(_ archive: Archive) -> Operation {
        Operation(
            "authenticator.set", .put, "/api/v1/account/authenticator", "Sets up an authenticator, in the place of any other", tag: tag,
            scope: .administer,
            body: .json(
                .object([
                    .required("authenticator", authenticator), .required("password", password),
                    .optional("code", code, "Of the authenticator of now, where there is one."),
                ])),
            outcomes: [Operation.Outcome(204, .nothing, "It is set up.")], refusals: [422]
        ) { call in
            guard let proof = try proof(call.body.object("authenticator")) else { throw Problem.field("/authenticator", "is missing") }
            try await archive.setAuthenticator(
                proof, password: try call.body.text("password"), code: call.body.optionalText("code"), address: call.client, by: try call.actor)
            return .nothing
        }
    }

    private static func removeAuthenticator(_ archive: Archive, _ rules: SignInRules) -> Operation {
        Operation(
            "authenticator.remove", .post, "/api/v1/account/authenticator/removal", "Removes one's authenticator", tag: tag, scope: .administer,
            body: .json(.object([.required("password", password), .required("code", code)])),
            outcomes: [Operation.Outcome(204, .nothing, "It is removed.")], refusals: [422]
        ) { call in
            try await archive.removeAuthenticator(
                password: try call.body.text("password"), code: try call.body.text("code"), address: call.client, rules: rules, by: try call.actor)
            return .nothing
        }
    }

    private static func removeLostAuthenticator(_ archive: Archive) -> Operation {
        Operation(
            "authenticator.remove-lost", .delete, "/api/v1/accounts/{account}/authenticator",
            "Removes the authenticator of an account that one administers, whose owner lost it, and ends every session and token of it", tag: tag,
            scope: .administer, parameters: [.path("account", "The account.", .account)],
            outcomes: [Operation.Outcome(204, .nothing, "It is removed.")], refusals: [409]
        ) { call in
            try await archive.removeAuthenticator(of: try call.text("account"), by: try call.actor)
            return .nothing
        }
    }

    // MARK: Tokens

    private static let token = Schema.named(
        "Token",
        .object([
            .required("token", .line(max: 40)), .required("name", .words), .required("scope", .choice(of: TokenScope.self)),
            .required("created_at", .time), .required("expires_at", .time), .optional("used_at", .time, "Give or take an hour."),
        ]))

    private static func members(_ token: Token) -> [String: JSON?] {
        [
            "token": .string(token.id.text), "name": .string(token.name), "scope": .string(token.scope.rawValue),
            "created_at": .text(token.createdAt), "expires_at": .text(token.expiresAt), "used_at": .text(token.usedAt),
        ]
    }

    private static func tokens(_ archive: Archive) -> Operation {
        Operation(
            "tokens.list", .get, "/api/v1/tokens", "One's own tokens that hold", tag: tag,
            outcomes: [Operation.Outcome(200, .json(.object([.required("tokens", .list(token))])), "The tokens.")]
        ) { call in
            let actor = try call.actor
            return .json(["tokens": .array(try await archive.tokens(of: actor.account, by: actor).map { .members(members($0)) })])
        }
    }

    private static func createToken(_ archive: Archive) -> Operation {
        Operation(
            "tokens.create", .post, "/api/v1/tokens",
            "Makes a token for a program that acts in one's name: within five minutes of signing in, or for no longer than the token that asks",
            tag: tag,
            scope: .administer,
            body: .json(
                .object([
                    .required("name", .line(max: 100)), .required("scope", .choice(of: TokenScope.self)),
                    .required("days", .integer(1...366), "For how long it is good."),
                ])),
            outcomes: [
                Operation.Outcome(201, .json(.object([.required("secret", secret, "Shown this once."), .required("token", token)])), "The token.")
            ]
        ) { call in
            guard let scope: TokenScope = call.body.choice("scope") else { throw Problem.field("/scope", "is missing") }
            guard let signedIn = call.signedIn else { throw Problem.signInRequired }
            let (secret, token) = try await archive.createToken(
                named: try call.body.text("name"), scope: scope, for: .seconds(Int64(call.body.integer("days") ?? 1) * 86_400),
                with: signedIn.proof, by: signedIn.actor)
            return .json(["secret": .string(secret), "token": .members(members(token))], status: 201)
        }
    }

    private static func revokeToken(_ archive: Archive) -> Operation {
        Operation(
            "tokens.revoke", .delete, "/api/v1/tokens/{token}", "Ends a token of one's own, as any of them may", tag: tag, scope: .read,
            parameters: [.path("token", "The token's id.")],
            outcomes: [Operation.Outcome(204, .nothing, "It has ended.")]
        ) { call in
            let (text, actor) = (try call.text("token"), try call.actor)
            guard let id = TokenID(text) else { throw ArchiveError.notFound("token", text) }
            try await archive.revokeToken(id, of: actor.account, by: actor)
            return .nothing
        }
    }
}
