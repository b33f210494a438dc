internal import Custody
internal import Evidence
internal import Ledger

/// Signing in by a provider of OpenID Connect, and the identities by which it knows accounts.
///
/// A setup link and what is asked of who is signed in come in the body of a POST, which no other site can send: else one could have a person's
/// identity linked to an account of its own, and a link would stand in the logs of proxies.
enum ProviderOperations {
    private static let tag = SignInOperations.tag
    private static let account = Operation.Parameter.path("account", "The account.", .account)

    static func all(_ archive: Archive, _ rules: SignInRules, _ provider: SignInProvider?) -> [Operation] {
        [
            begin(archive, provider), beginByLink(archive, provider), finish(archive, rules, provider), beginLinking(archive, provider),
            list(archive), unlink(archive),
        ]
    }

    /// - Throws: ``Problem`` where the service has no provider.
    private static func present(_ provider: SignInProvider?) throws(Problem) -> SignInProvider {
        guard let provider else { throw .notFound("nobody signs in by a provider here: none is set up") }
        return provider
    }

    private static let begun = Operation.Outcome(
        200, .json(.object([.required("url", .line(max: 10_000), "Where the browser has to go, in the ten minutes that its cookie lasts.")])),
        "It has begun; a cookie ties it to this browser.")

    private static func answer(_ begun: ProviderSignIn, to call: Call) -> Answer {
        var answer = Answer.json(["url": .string(begun.url)])
        answer.cookies = [BindingCookie.set(begun.binding, isSecure: call.isSecure)]
        return answer
    }

    private static func begin(_ archive: Archive, _ provider: SignInProvider?) -> Operation {
        Operation(
            "provider.begin", .get, "/api/v1/session/provider",
            "Sends the browser to the provider to sign in; 404 where none is set up", tag: tag, access: .anybody,
            outcomes: [Operation.Outcome(303, .nothing, "To the provider; a cookie ties the sign-in to this browser for ten minutes.", [.location])],
            refusals: [404, 502]
        ) { call in
            let begun = try await archive.beginSignIn(by: present(provider))
            var answer = Answer.bare(303, ["location": begun.url])
            answer.cookies = [BindingCookie.set(begun.binding, isSecure: call.isSecure)]
            return answer
        }
    }

    private static func beginByLink(_ archive: Archive, _ provider: SignInProvider?) -> Operation {
        Operation(
            "provider.setup", .post, "/api/v1/session/provider",
            "Begins a sign-in that links the identity at the provider to the account of a setup link, and uses that up; 404 where none is set up",
            tag: tag, access: .anybody, body: .json(.object([.required("link", SignInOperations.secret)])), outcomes: [begun],
            refusals: [401, 404, 502]
        ) { call in answer(try await archive.beginSignIn(by: present(provider), link: try call.body.text("link")), to: call) }
    }

    private static func finish(_ archive: Archive, _ rules: SignInRules, _ provider: SignInProvider?) -> Operation {
        let word = Schema.text(.ascii, min: 1, max: 4000)
        return Operation(
            "provider.finish", .get, Settings.callbackPath,
            "Where the provider sends the browser back to: signs in as by password; 404 where none is set up", tag: tag, access: .anybody,
            parameters: [
                .query("state", word, "As it was sent to the provider.", isRequired: true), .query("code", word, "What the provider gave."),
                .query("error", word, "What the provider gave instead."), .query("iss", word, "Who answers (RFC 9207)."),
            ],
            outcomes: [Operation.Outcome(200, .json(SignInOperations.form), "The session.")], refusals: [401, 403, 404, 409, 502], takesOthers: true
        ) { call in
            let (provider, state, binding) = (try present(provider), try call.text("state"), call.binding ?? "")
            if let error = call.optionalText("error") { try archive.abandonSignIn(by: provider, error: error, state: state, binding: binding) }
            let new = try await archive.finishSignIn(
                by: provider, code: try call.text("code"), state: state, binding: binding, issuer: call.optionalText("iss"), rules: rules)
            var answer = Answer.json(SignInOperations.members(new.session, new.secret))
            answer.cookies = [SessionCookie.set(new.secret, isSecure: call.isSecure), BindingCookie.clear(isSecure: call.isSecure)]
            return answer
        }
    }

    private static func beginLinking(_ archive: Archive, _ provider: SignInProvider?) -> Operation {
        Operation(
            "identities.link", .post, "/api/v1/account/identities",
            "Begins to link an identity at the provider to one's own account, in a session; 404 where none is set up", tag: tag, scope: .administer,
            body: .json(
                .object([
                    .optional("password", SignInOperations.password, "The one of now; an account without one gets another identity by a setup link."),
                    .optional("code", SignInOperations.code, "Of the authenticator, where there is one."),
                ])), outcomes: [begun], refusals: [502]
        ) { call in
            let provider = try present(provider)
            guard let session = call.signedIn?.session else {
                try await archive.recordRefusal(by: try call.actor)
                throw Problem.forbidden("an identity is linked in a session, and not by a token")
            }
            let begun = try await archive.beginLinking(
                by: provider, in: session, password: call.body.optionalText("password"), code: call.body.optionalText("code"), address: call.client,
                by: try call.actor)
            return answer(begun, to: call)
        }
    }

    private static let identity = Schema.object([
        .required("issuer", .line(max: 4000), "The provider."), .required("subject", .line(max: 255), "As whom it knows the account."),
    ])

    private static func list(_ archive: Archive) -> Operation {
        Operation(
            "identities.list", .get, "/api/v1/accounts/{account}/identities",
            "As whom providers know an account: one's own, or one that one administers", tag: tag, parameters: [account],
            outcomes: [Operation.Outcome(200, .json(.object([.required("identities", .list(identity))])), "The identities.")]
        ) { call in
            let identities = try await archive.identities(of: try call.text("account"), by: try call.actor)
            return .json(["identities": .array(identities.map { .members(["issuer": .string($0.issuer), "subject": .string($0.subject)]) })])
        }
    }

    private static func unlink(_ archive: Archive) -> Operation {
        Operation(
            "identities.unlink", .post, "/api/v1/accounts/{account}/identities/removal",
            "Takes an identity from an account, one's own or one that one administers, and ends every session and token of it", tag: tag,
            scope: .administer, parameters: [account], body: .json(identity), outcomes: [Operation.Outcome(204, .nothing, "It is unlinked.")]
        ) { call in
            let identity = ExternalIdentity(issuer: try call.body.text("issuer"), subject: try call.body.text("subject"))
            try await archive.unlinkIdentity(identity, from: try call.text("account"), by: try call.actor)
            return .nothing
        }
    }
}
