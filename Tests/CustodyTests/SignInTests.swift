import Custody
import Evidence
import Foundation
import Testing

@testable import Accounts

extension SigningIn {
    @Suite("Passwords, sessions and setup links")
    struct SignInTests {
        @Test func `a person sets a password by a link, signs in, and is known by the session`() async throws {
            let place = try TestPlace()
            try await place.archive { archive in
                try await archive.openAccount("officer-17", by: console)
                let link = try await archive.createSetupLink(for: "officer-17", by: console)
                #expect(link.secret.hasPrefix("mcl_"))
                #expect(try await archive.offer(for: link.secret).account == "officer-17")
                #expect(try await archive.useSetupLink(link.secret, password: herPassword) == "officer-17")
                let begun = try await archive.signIn("officer-17", password: herPassword, from: herAddress)
                #expect(begun.secret.hasPrefix("mcs_"))
                let session = try #require(try await archive.session(begun.secret))
                #expect(session.account == "officer-17" && session.id == begun.session.id)
                try await archive.signOut(begun.secret)
                #expect(try await archive.session(begun.secret) == nil)
            }
        }

        @Test func `who is not let in is not told why`() async throws {
            let place = try TestPlace()
            try await place.archive { archive in
                for account in ["officer-17", "officer-18"] { try await archive.withPassword(account) }
                try await archive.openAccount("officer-19", by: console)
                try await archive.closeAccount("officer-18", reason: "chuyển công tác", by: console)
                let attempts = [
                    ("officer-17", "mật khẩu khác"), ("officer-18", herPassword), ("officer-19", herPassword),
                    ("officer-20", herPassword), ("", ""),
                    ("console:lan", herPassword), ("officer-17\u{0}", herPassword),
                ]
                for (account, password) in attempts {
                    #expect(try await archive.refusal(account, password) == .refused, "\(account)")
                }
                #expect(try await archive.refusal("officer-17") == nil)
            }
        }

        @Test
        func
            `guessing is slowed, for names that nobody has as well, and the owner gets in from elsewhere`() async throws
        {
            let place = try TestPlace()
            try await place.archive { archive in
                try await archive.withPassword("officer-17")
                for account in ["officer-17", "nobody-1"] {
                    for _ in 0..<5 {
                        #expect(try await archive.refusal(account, "mật khẩu khác", from: itsAddress) == .refused)
                    }
                    #expect(
                        try await archive.refusal(account, from: itsAddress) == .throttled(seconds: 1),
                        "the right password is not looked at")
                    place.clock.advance(seconds: 1)
                    #expect(try await archive.refusal(account, "mật khẩu khác", from: itsAddress) == .refused)
                    #expect(try await archive.refusal(account, from: itsAddress) == .throttled(seconds: 2))
                }
                #expect(try await archive.refusal("officer-17", from: herAddress) == nil)
                #expect(
                    try await archive.refusal("officer-17", from: itsAddress) == .throttled(seconds: 1),
                    "that changes nothing for the other")
                place.clock.advance(seconds: 2)
                #expect(try await archive.refusal("officer-17", from: itsAddress) == nil)
                #expect(
                    try await archive.refusal("officer-17", "mật khẩu khác", from: itsAddress) == .refused,
                    "success forgets the failures")
            }
        }

        @Test func `attempts at the same time are not all looked at`() async throws {
            let place = try TestPlace()
            try await place.archive { archive in
                try await archive.withPassword("officer-17")
                let answers = try await withThrowingTaskGroup(of: SignInError?.self) { group in
                    for _ in 0..<12 {
                        group.addTask { try await archive.refusal("officer-17", "mật khẩu khác") }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.count { $0 == .refused } == 5, "\(answers)")
                #expect(answers.allSatisfy { $0 != nil })
            }
        }

        @Test func `a flood from many addresses slows who is new there, and not who is known there`() async throws {
            let place = try TestPlace()
            try await place.archive { archive in
                try await archive.withPassword("officer-17")
                #expect(try await archive.refusal("officer-17") == nil)
            }
            // As fifty addresses leave it.
            let (account, now) = (Throttle.Subject.account("officer-17").key, place.clock.now())
            try place.sqlite("service.sqlite", "INSERT OR REPLACE INTO sign_in_failure VALUES ('\(account)', 51, '\(now)');")
            try await place.archive { archive in
                guard case .throttled(let seconds)? = try await archive.refusal("officer-17", from: itsAddress) else {
                    Issue.record("a new address is not slowed")
                    return
                }
                #expect((1...30).contains(seconds))
                #expect(try await archive.refusal("officer-17") == nil, "a known address is")
                place.clock.advance(seconds: 30)
                #expect(try await archive.refusal("officer-17", from: itsAddress) == nil)
            }
        }

        @Test func `a session ends when it is idle, at its end, with its account, and when it is ended`() async throws {
            let place = try TestPlace()
            try await place.archive { archive in
                try await archive.withPassword("officer-17")
                func begin() async throws -> String {
                    let begun = try await archive.signIn("officer-17", password: herPassword, from: herAddress)
                    return begun.secret
                }
                let idle = try await begin()
                place.clock.advance(minutes: 31)
                #expect(try await archive.session(idle) == nil)

                let used = try await begin()
                var minutes = 0
                while try await archive.session(used) != nil {
                    place.clock.advance(minutes: 20)
                    minutes += 20
                }
                #expect(minutes == 720, "used all the time")

                let (first, second) = (try await begin(), try await begin())
                let id = try #require(try await archive.session(first)).id
                await #expect(throws: ArchiveError.self) {
                    try await archive.endSession(id, of: "officer-17", by: actor("officer-18"))
                }
                try await archive.endSession(id, of: "officer-17", by: actor("officer-17"))
                #expect(try await archive.session(first) == nil)
                #expect(try await archive.sessions(of: "officer-17", by: actor("officer-17")).count == 1)
                try await archive.closeAccount("officer-17", reason: "chuyển công tác", by: console)
                #expect(try await archive.session(second) == nil)
                try await archive.openAccount("officer-17", by: console)
                #expect(
                    try await archive.session(second) == nil, "what was open when it was closed stays closed")
            }
        }

        @Test func `the use of a session is written once a minute`() async throws {
            let place = try TestPlace()
            try await place.archive { archive in
                try await archive.withPassword("officer-17")
                let begun = try await archive.signIn("officer-17", password: herPassword, from: herAddress)
                place.clock.advance(seconds: 50)
                #expect(try await archive.session(begun.secret)?.seenAt == begun.session.seenAt)
                place.clock.advance(seconds: 10)
                let seen = try #require(try await archive.session(begun.secret))
                #expect(seen.seenAt > begun.session.seenAt && seen.idleUntil > begun.session.idleUntil)
                #expect(try await archive.session(begun.secret) == seen)
            }
        }

        @Test func `no secret opens what it is not for`() async throws {
            let place = try TestPlace()
            try await place.archive { archive in
                try await archive.withPassword("officer-17")
                let session = try await archive.signIn("officer-17", password: herPassword, from: herAddress)
                    .secret
                let token = try await archive.createToken(
                    named: "nightly", scope: .read, for: .seconds(3600), with: .here, by: actor("officer-17")
                ).secret
                let link = try await archive.createSetupLink(for: "officer-17", by: console).secret
                let body = String(session.dropFirst(4))
                for wrong in [
                    token, link, "mcs_" + String(token.dropFirst(4)), String(session.dropLast()), session + " ",
                    session.uppercased(), body, "",
                ] {
                    #expect(try await archive.session(wrong) == nil)
                }
                for wrong in [session, link, "mct_" + body, ""] {
                    #expect(try await archive.token(wrong) == nil)
                }
                for wrong in [session, token, "mcl_" + body, ""] {
                    await #expect(throws: SignInError.setupLinkInvalid) {
                        _ = try await archive.useSetupLink(wrong, password: herPassword)
                    }
                }
                #expect(try await archive.session(session) != nil)
                #expect(try await archive.token(token) != nil)
            }
        }

        @Test func `each sign-in is another session, whatever the browser had`() async throws {
            let place = try TestPlace()
            try await place.archive { archive in
                for account in ["officer-17", "officer-18"] { try await archive.withPassword(account) }
                let planted = try await archive.signIn("officer-18", password: herPassword, from: itsAddress)
                let own = try await archive.signIn("officer-17", password: herPassword, from: herAddress)
                #expect(own.secret != planted.secret && own.session.id != planted.session.id)
                #expect(try await archive.session(planted.secret)?.account == "officer-18")
            }
        }

        @Test func `a changed password ends the other sessions, and the old one is none any more`() async throws {
            let place = try TestPlace()
            try await place.archive { archive in
                try await archive.withPassword("officer-17")
                let (here, there) = (
                    try await archive.signIn("officer-17", password: herPassword, from: herAddress).secret,
                    try await archive.signIn("officer-17", password: herPassword, from: itsAddress).secret
                )
                func change(from old: String, to new: String) async throws {
                    try await archive.changePassword(
                        from: old, to: new, keeping: here, address: herAddress, by: actor("officer-17"))
                }
                await #expect(throws: SignInError.refused) {
                    try await change(from: "mật khẩu khác", to: "một câu hoàn toàn mới")
                }
                await #expect(throws: PasswordRefusal.tooShort) {
                    try await change(from: herPassword, to: "ngắn")
                }
                #expect(try await archive.session(there) != nil, "nothing was changed")
                #expect(try await archive.account("officer-17", by: actor("officer-17")).signInChanges?.first?.act == .setupLinkUsed)
                try await change(from: herPassword, to: "một câu hoàn toàn mới")
                #expect(try await archive.account("officer-17", by: actor("officer-17")).signInChanges?.first?.act == .passwordChanged)
                #expect(try await archive.session(here) != nil)
                #expect(try await archive.session(there) == nil)
                #expect(try await archive.refusal("officer-17") == .refused)
                #expect(try await archive.refusal("officer-17", "một câu hoàn toàn mới") == nil)
                for index in 0..<5 {
                    await #expect(throws: SignInError.refused, "\(index)") {
                        try await change(from: "mật khẩu khác", to: "một câu mới nữa đây")
                    }
                }
                await #expect(throws: SignInError.throttled(seconds: 1)) {
                    try await change(from: "một câu hoàn toàn mới", to: "một câu mới nữa đây")
                }
            }
        }

        @Test func `a setup link is used once, by its time, and replaces those before`() async throws {
            let place = try TestPlace()
            try await place.archive { archive in
                try await archive.openAccount("officer-17", by: console)
                let first = try await archive.createSetupLink(for: "officer-17", by: console).secret
                let second = try await archive.createSetupLink(for: "officer-17", by: console).secret
                await #expect(throws: SignInError.setupLinkInvalid) {
                    _ = try await archive.useSetupLink(first, password: herPassword)
                }
                await #expect(throws: PasswordRefusal.isAccountName) {
                    _ = try await archive.useSetupLink(second, password: "officer-17!!")
                }
                _ = try await archive.useSetupLink(second, password: herPassword)
                await #expect(throws: SignInError.setupLinkInvalid) {
                    _ = try await archive.useSetupLink(second, password: herPassword)
                }
                await #expect(throws: SignInError.setupLinkInvalid) {
                    _ = try await archive.offer(for: second)
                }
                let late = try await archive.createSetupLink(for: "officer-17", by: console).secret
                place.clock.advance(minutes: 3 * 1440)
                await #expect(throws: SignInError.setupLinkInvalid) {
                    _ = try await archive.useSetupLink(late, password: herPassword)
                }
                let closed = try await archive.createSetupLink(for: "officer-17", by: console).secret
                try await archive.closeAccount("officer-17", reason: "chuyển công tác", by: console)
                await #expect(throws: SignInError.setupLinkInvalid) {
                    _ = try await archive.useSetupLink(closed, password: herPassword)
                }
                await #expect(throws: ArchiveError.self) {
                    _ = try await archive.createSetupLink(for: "officer-17", by: console)
                }
                await #expect(throws: ArchiveError.self) {
                    _ = try await archive.createSetupLink(for: "officer-20", by: console)
                }
            }
        }

        @Test func `only who administers an account makes its links and ends its sessions`() async throws {
            let place = try TestPlace()
            try await place.archive { archive in
                for account in ["officer-17", "officer-18", "admin-1"] {
                    try await archive.withPassword(account)
                }
                _ = try await archive.grantRole(.administrator, to: "admin-1", unit: nil, by: console)
                _ = try await archive.createSetupLink(for: "officer-17", by: actor("admin-1"))
                await #expect(throws: ArchiveError.self) {
                    _ = try await archive.createSetupLink(for: "officer-17", by: actor("officer-18"))
                }
                await #expect(throws: ArchiveError.self) {
                    _ = try await archive.createSetupLink(for: "officer-17", by: actor("officer-17"))
                }
                for who in ["officer-18", "officer-99"] {
                    await #expect(throws: ArchiveError.self) {
                        _ = try await archive.sessions(of: "officer-17", by: actor(who))
                    }
                    await #expect(throws: ArchiveError.self) {
                        _ = try await archive.tokens(of: "officer-17", by: actor(who))
                    }
                    await #expect(throws: ArchiveError.self) {
                        try await archive.revokeAll(of: "officer-17", by: actor(who))
                    }
                    await #expect(throws: ArchiveError.self) {
                        try await archive.removeAuthenticator(of: "officer-17", by: actor(who))
                    }
                    await #expect(throws: ArchiveError.self) {
                        _ = try await archive.identities(of: "officer-17", by: actor(who))
                    }
                }
                let session = try await archive.signIn("officer-17", password: herPassword, from: herAddress)
                    .secret
                try await archive.revokeAll(of: "officer-17", by: actor("admin-1"))
                #expect(try await archive.session(session) == nil)
            }
        }
    }
}
