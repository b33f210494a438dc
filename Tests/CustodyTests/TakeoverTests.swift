import Custody
import Evidence
import Foundation
import Testing

extension SigningIn {
    @Suite("Accounts that somebody could take over")
    struct TakeoverTests {
        private static func acts(_ account: AccountAccount) -> [String] {
            (account.signInChanges ?? []).map { "\($0.act.rawValue) by \($0.actor.principal)" }
        }

        @Test func `whatever lets another in is a record that its owner sees, and no secret is in it`() async throws {
            let place = try TestPlace()
            let link = try await place.archive { archive in
                for account in ["officer-17", "admin-1"] { try await archive.withPassword(account) }
                _ = try await archive.grantRole(.administrator, to: "admin-1", unit: nil, by: console)
                let (session, token) = (
                    try await archive.signIn("officer-17", password: herPassword, from: herAddress).secret,
                    try await archive.createToken(named: "x", scope: .read, for: .seconds(600), with: .here, by: actor("officer-17")).secret
                )
                // With a token that has ended, none is made.
                await #expect(throws: ArchiveError.self) {
                    try await archive.createToken(
                        named: "y", scope: .read, for: .seconds(600), with: .token("mct_none"), by: actor("officer-17"))
                }
                let link = try await archive.createSetupLink(for: "officer-17", by: actor("admin-1")).secret
                #expect(Self.acts(try await archive.account("officer-17", by: actor("officer-17"))).first == "setup-link-made by admin-1")
                #expect(try await archive.session(session) != nil, "the link alone changes nothing")
                _ = try await archive.useSetupLink(link, password: "một câu của kẻ khác")
                #expect(try await archive.session(session) == nil)
                #expect(try await archive.token(token) == nil)
                let identity = ExternalIdentity(issuer: "https://id.example", subject: "7")
                try await archive.linkIdentity(identity, to: "officer-17", by: actor("admin-1"))
                try await archive.linkIdentity(identity, to: "officer-17", by: actor("admin-1"))
                try await archive.unlinkIdentity(identity, from: "officer-17", by: actor("officer-17"))
                #expect(
                    Self.acts(try await archive.account("officer-17", by: actor("officer-17"))) == [
                        "identity-unlinked by officer-17", "identity-linked by admin-1", "setup-link-used by officer-17",
                        "setup-link-made by admin-1", "setup-link-used by officer-17", "setup-link-made by console:lan",
                    ])
                let listed = try await archive.accounts(by: console)
                #expect(listed.allSatisfy { $0.signInChanges == nil })
                return link
            }
            let bodies = try place.sqlite(
                "archive.sqlite",
                "SELECT body FROM record JOIN record_body USING (number) WHERE json_extract(header, '$.kind') = 'sign-in.changed';")
            let lines = bodies.split(separator: "\n")
            #expect(lines.count == 8 && lines.first == #"{"account":"officer-17","act":"setup-link-made"}"#, "\(bodies)")
            #expect(!bodies.contains(link.dropFirst(4)) && !bodies.contains("id.example"))
        }

        @Test func `what is refused is no record, and a link that is used at once by two is used by one`() async throws {
            let place = try TestPlace()
            try await place.archive { archive in
                for account in ["officer-17", "officer-18"] { try await archive.withPassword(account) }
                let before = Self.acts(try await archive.account("officer-17", by: console))
                for who in ["officer-17", "officer-18"] {
                    await #expect(throws: ArchiveError.self) { _ = try await archive.createSetupLink(for: "officer-17", by: actor(who)) }
                }
                await #expect(throws: SignInError.setupLinkInvalid) { _ = try await archive.useSetupLink("mcl_none", password: herPassword) }
                #expect(Self.acts(try await archive.account("officer-17", by: console)) == before)
                let link = try await archive.createSetupLink(for: "officer-17", by: console).secret
                let used = try await withThrowingTaskGroup(of: Bool.self) { group in
                    for number in 0..<4 {
                        group.addTask {
                            do {
                                _ = try await archive.useSetupLink(link, password: "một câu hoàn toàn mới \(number)")
                                return true
                            } catch SignInError.setupLinkInvalid { return false }
                        }
                    }
                    return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
                }
                #expect(used == 1)
                #expect(
                    Self.acts(try await archive.account("officer-17", by: console))
                        == ["setup-link-used by officer-17", "setup-link-made by console:lan"] + before)
            }
        }

        @Test func `one address at many accounts is slowed for all of them, and not for others or after a while`() async throws {
            let place = try TestPlace()
            try await place.archive { archive in
                try await archive.withPassword("officer-17")
                for number in 0..<30 {
                    #expect(try await archive.refusal("nobody-\(number)", from: itsAddress) == .refused, "\(number)")
                }
                for account in ["officer-17", "nobody-99"] {
                    guard case .throttled(let seconds)? = try await archive.refusal(account, from: itsAddress) else {
                        Issue.record("\(account) is not slowed")
                        return
                    }
                    #expect((1...30).contains(seconds))
                }
                #expect(try await archive.refusal("officer-17", from: herAddress) == nil)
                place.clock.advance(seconds: 30)
                #expect(try await archive.refusal("officer-17", from: itsAddress) == nil, "what succeeds is taken back")
                #expect(try await archive.refusal("nobody-98", from: itsAddress) == .refused)
                #expect(try await archive.refusal("officer-17", from: itsAddress) == nil, "who has signed in there is not shut out by others")
                guard case .throttled? = try await archive.refusal("nobody-97", from: itsAddress) else {
                    Issue.record("an account of one's own is a way around it")
                    return
                }
                place.clock.advance(minutes: 16)
                #expect(try await archive.refusal("officer-17", from: itsAddress) == nil)
            }
            place.clock.advance(minutes: 121)
            try await place.archive { archive in
                let refusal = try await archive.refusal("officer-17")
                #expect(refusal == nil)
            }
            #expect(try place.sqlite("service.sqlite", "SELECT count(*) FROM sign_in_failure;") == "0\n", "nothing of it is kept")
        }

        @Test func `the program, a rebuild and the oracle know the record, and the oracle sees one that cannot be`() async throws {
            let workplace = try await Workplace()
            let made = try await workplace.shell(
                """
                run() { "$minhchung" "$@" --archive "$archive" > /dev/null; }
                run init
                run account add officer-17
                run account setup-link officer-17
                run account identity link officer-17 --issuer https://id.example --subject 7
                run account identity unlink officer-17 --issuer https://id.example --subject 7
                run account setup-link officer-17
                run account token create x --days 1 --as officer-17
                run account setup-link officer-17
                run verify
                run rebuild
                run verify
                """)
            #expect(made.status == 0, "\(made.output)")
            let (status, lines) = try await workplace.look()
            #expect(status == 0, "\(lines)")
            for (change, told) in [
                (#"body["act"] = "setup-link-taken""#, "act"), (#"body["account"] = "officer-18""#, "no record before opens its account"),
                (#"header["acting_as"] = "officer-17""#, "makes its own setup link"), (#"body["act"] = "setup-link-used""#, "for officer-17 by"),
                (#"body["act"] = "password-changed""#, "for officer-17 by"),
            ] {
                let copy = try await Workplace(copyOf: workplace.archive)
                let amended = try await copy.shell("amend sign-in.changed '\(change)'")
                #expect(amended.status == 0, "\(amended.output)")
                let (status, lines) = try await copy.look()
                #expect(status == 1 && lines.contains { $0.contains(told) }, "\(change): \(lines)")
            }
        }
    }
}
