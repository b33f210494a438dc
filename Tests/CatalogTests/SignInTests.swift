import Catalog
import Evidence
import Foundation
import Testing

/// What signing in keeps in service.sqlite.
@Suite("Signing in")
struct SignInTests {
    private let folder: TemporaryFolder
    private let catalog: Catalog

    init() throws {
        folder = try TemporaryFolder()
        catalog = try Catalog(in: folder.path, creates: true)
    }

    private static func secret(_ number: Int) -> Digest { Digest(of: "secret \(number)".utf8) }

    private static func session(_ account: String = "officer-17", from start: Int = 0, idle: Int = 30, until end: Int = 720) -> StoredSession {
        StoredSession(
            id: .random(), account: account, createdAt: moment(start), seenAt: moment(start), idleUntil: moment(start + idle),
            expiresAt: moment(start + end))
    }

    private static func token(_ account: String = "officer-17", from start: Int = 0, until end: Int = 1000) -> StoredToken {
        StoredToken(
            id: .random(), account: account, name: "nightly", scope: "write", createdAt: moment(start), expiresAt: moment(end), usedAt: nil)
    }

    @Test func `a session holds until it is idle too long, and never beyond its end`() throws {
        let session = Self.session()
        try catalog.begin(session, Self.secret(1))
        #expect(try catalog.session(Self.secret(1), at: moment(0)) == session)
        #expect(try catalog.session(Self.secret(2), at: moment(0)) == nil)
        #expect(try catalog.session(Self.secret(1), at: moment(30)) == nil, "idle")
        try catalog.saw(Self.secret(1), at: moment(29), idleUntil: moment(59))
        #expect(try catalog.session(Self.secret(1), at: moment(58))?.seenAt == moment(29))
        try catalog.saw(Self.secret(1), at: moment(60), idleUntil: moment(90))
        #expect(try catalog.session(Self.secret(1), at: moment(61)) == nil, "what is over is not extended")
        try catalog.saw(Self.secret(1), at: moment(58), idleUntil: moment(2000))
        #expect(try catalog.session(Self.secret(1), at: moment(719)) != nil)
        #expect(try catalog.session(Self.secret(1), at: moment(720)) == nil, "the end")
        try catalog.close()
    }

    @Test func `one session too many ends the oldest, and one that has expired is deleted`() throws {
        for number in 0..<Catalog.sessionLimit + 2 { try catalog.begin(Self.session(from: number), Self.secret(number)) }
        try catalog.begin(Self.session("officer-18"), Self.secret(100))
        #expect(try catalog.sessions(of: "officer-17", at: moment(22)).count == Catalog.sessionLimit)
        #expect(try catalog.session(Self.secret(1), at: moment(22)) == nil)
        #expect(try catalog.session(Self.secret(2), at: moment(22)) != nil)
        #expect(try catalog.session(Self.secret(100), at: moment(22)) != nil)
        try catalog.begin(Self.session("officer-19", from: 5000), Self.secret(101))
        try catalog.close()
        #expect(try folder.sqlite("service.sqlite", "SELECT account FROM session;") == "officer-19\n")
    }

    @Test func `a session is ended by its secret, by its owner, and not by another`() throws {
        let (one, other) = (Self.session(), Self.session())
        try catalog.begin(one, Self.secret(1))
        try catalog.begin(other, Self.secret(2))
        #expect(try !catalog.endSession(one.id, of: "officer-18"))
        #expect(try catalog.endSession(one.id, of: "officer-17"))
        #expect(try !catalog.endSession(one.id, of: "officer-17"))
        try catalog.endSession(Self.secret(2))
        #expect(try catalog.sessions(of: "officer-17", at: moment(0)).isEmpty)
        try catalog.close()
    }

    @Test func `a setup link is used once, in its time, and ends what was open`() throws {
        let use = SetupUse(password: "$hash", authenticator: (Array(0..<9), 7))
        try catalog.createSetupLink(Self.secret(1), for: "officer-17", until: moment(10))
        try catalog.createSetupLink(Self.secret(2), for: "officer-17", until: moment(10))
        #expect(try catalog.use(Self.secret(1), for: use, at: moment(0)) == nil, "another took its place")
        #expect(try catalog.setupLink(Self.secret(2), at: moment(9)) == "officer-17")
        #expect(try catalog.use(Self.secret(2), for: use, at: moment(10)) == nil, "its time is over")
        try catalog.begin(Self.session(), Self.secret(3))
        #expect(try catalog.create(Self.token(), Self.secret(4), limit: 5))
        #expect(try catalog.use(Self.secret(2), for: use, at: moment(1)) == "officer-17")
        #expect(try catalog.use(Self.secret(2), for: use, at: moment(1)) == nil, "used")
        #expect(
            try catalog.credential(of: "officer-17")
                == StoredCredential(password: "$hash", authenticator: Array(0..<9), authenticatorStep: 7))
        #expect(try catalog.session(Self.secret(3), at: moment(1)) == nil)
        #expect(try catalog.token(Self.secret(4), at: moment(1)) == nil)

        // Without an authenticator the one that is there stays.
        try catalog.createSetupLink(Self.secret(5), for: "officer-17", until: moment(10))
        #expect(try catalog.use(Self.secret(5), for: SetupUse(password: "$other", authenticator: nil), at: moment(1)) == "officer-17")
        #expect(try catalog.credential(of: "officer-17")?.authenticatorStep == 7)
        try catalog.close()
    }

    @Test func `a code's step is taken once, and none before it`() throws {
        #expect(try !catalog.takeStep(5, of: "officer-17"), "without an authenticator")
        try catalog.setAuthenticator(([1], 4), of: "officer-17")
        #expect(try catalog.takeStep(5, of: "officer-17"))
        #expect(try !catalog.takeStep(5, of: "officer-17"))
        #expect(try !catalog.takeStep(4, of: "officer-17"))
        #expect(try catalog.takeStep(6, of: "officer-17"))
        try catalog.setAuthenticator(nil, of: "officer-17")
        #expect(try catalog.credential(of: "officer-17")?.authenticator == nil)
        try catalog.close()
    }

    @Test func `another password ends every token, and every session but the one in which it is changed`() throws {
        for number in 1...3 { try catalog.begin(Self.session(), Self.secret(number)) }
        // One that another password was proved for is none.
        #expect(try !catalog.begin(Self.session(), Self.secret(9), proving: "another hash"))
        #expect(try catalog.create(Self.token(), Self.secret(7), limit: 5))
        try catalog.setPassword("$hash", of: "officer-17", keeping: Self.secret(2))
        #expect(try catalog.token(Self.secret(7), at: moment(0)) == nil, "tokens end as well")
        #expect(try catalog.begin(Self.session(), Self.secret(9), proving: "$hash"))
        #expect(try (1...3).map { try catalog.session(Self.secret($0), at: moment(0)) != nil } == [false, true, false])
        try catalog.rehash("officer-17", from: "$other", to: "$wrong")
        #expect(try catalog.credential(of: "officer-17")?.password == "$hash", "it was changed meanwhile")
        try catalog.rehash("officer-17", from: "$hash", to: "$new")
        #expect(try catalog.credential(of: "officer-17")?.password == "$new")
        try catalog.close()
    }

    @Test func `a token holds until its end, and there are so many`() throws {
        let token = Self.token(until: 10)
        #expect(try catalog.create(token, Self.secret(1), limit: 2))
        #expect(try catalog.create(Self.token(), Self.secret(2), limit: 2))
        #expect(try !catalog.create(Self.token(), Self.secret(3), limit: 2))
        try catalog.used(Self.secret(1), at: moment(3))
        #expect(try catalog.token(Self.secret(1), at: moment(9))?.usedAt == moment(3))
        #expect(try catalog.token(Self.secret(1), at: moment(10)) == nil)
        #expect(try catalog.tokens(of: "officer-17", at: moment(10)).count == 1)
        #expect(try catalog.create(Self.token(from: 10), Self.secret(3), limit: 2), "one has expired")
        #expect(try !catalog.endToken(token.id, of: "officer-17"))
        let last = try #require(try catalog.token(Self.secret(3), at: moment(11)))
        #expect(try !catalog.endToken(last.id, of: "officer-18"))
        #expect(try catalog.endToken(last.id, of: "officer-17"))
        try catalog.close()
    }

    @Test func `an identity is one account's`() throws {
        #expect(try catalog.link(issuer: "https://a", subject: "1", to: "officer-17", at: moment(0)))
        #expect(try catalog.link(issuer: "https://a", subject: "1", to: "officer-17", at: moment(0)))
        #expect(try !catalog.link(issuer: "https://a", subject: "1", to: "officer-18", at: moment(0)))
        #expect(try catalog.link(issuer: "https://b", subject: "1", to: "officer-18", at: moment(0)))
        #expect(try catalog.account(issuer: "https://a", subject: "1") == "officer-17")
        #expect(try catalog.account(issuer: "https://a", subject: "2") == nil)
        #expect(try catalog.identities(of: "officer-18").map(\.issuer) == ["https://b"])
        try catalog.createSetupLink(Self.secret(1), for: "officer-18", until: moment(10))
        #expect(try catalog.use(Self.secret(1), issuer: "https://a", subject: "1", at: moment(0)) == nil, "another's")
        #expect(try catalog.use(Self.secret(1), issuer: "https://a", subject: "2", at: moment(0)) == "officer-18")
        #expect(try catalog.use(Self.secret(1), issuer: "https://a", subject: "3", at: moment(0)) == nil, "used")
        #expect(try !catalog.unlink(issuer: "https://a", subject: "2", from: "officer-17"))
        #expect(try catalog.unlink(issuer: "https://a", subject: "2", from: "officer-18"))
        try catalog.close()
    }

    @Test func `failures are counted before they are known, and taken back`() throws {
        let subjects = AttemptSubjects(account: Self.secret(1), place: Self.secret(2), address: Self.secret(3))
        func attempt(at minute: Int) throws -> (opening: Timestamp?, seen: [Int?], isKnown: Bool) {
            var seen: [Int?] = []
            var isKnown = false
            let opening = try catalog.attempt(subjects, at: moment(minute), forgetting: moment(minute - 120), placesBefore: moment(minute - 10_000)) {
                seen = [$0.ofAccount?.count, $0.ofPlace?.count, $0.ofAddress?.count]
                isKnown = $0.isKnownPlace
                func more(_ stored: Catalog.FailureCount?) -> Catalog.FailureCount { ((stored?.count ?? 0) + 1, moment(minute)) }
                return ($0.ofPlace?.count ?? 0 >= 2 ? moment(minute + 1) : nil, more($0.ofAccount), more($0.ofPlace), more($0.ofAddress))
            }
            return (opening, seen, isKnown)
        }
        #expect(try attempt(at: 0).seen == [nil, nil, nil])
        #expect(try attempt(at: 0).seen == [1, 1, 1])
        let third = try attempt(at: 0)
        #expect(third.opening == moment(1) && third.seen == [2, 2, 2])
        #expect(try attempt(at: 0).seen == [2, 2, 2], "what was not looked at is not counted")
        try catalog.forget(subjects, succeeded: false, at: moment(0))
        #expect(try attempt(at: 0).seen == [1, 1, 1])
        try catalog.forget(subjects, succeeded: true, at: moment(0))
        let after = try attempt(at: 0)
        #expect(after.seen == [1, nil, 1] && after.isKnown)
        #expect(try attempt(at: 121).seen == [nil, nil, nil], "forgotten")
        try catalog.forget(subjects, succeeded: false, at: moment(121))
        #expect(try folder.sqlite("service.sqlite", "SELECT count(*) FROM sign_in_failure;") == "0\n", "what is not counted is not kept")
        #expect(try !attempt(at: 20_000).isKnown)
        try catalog.close()
    }

    @Test func `what an account has is ended, forgotten, or of a restored archive gone for all`() throws {
        func fill(_ account: String, _ number: Int) throws {
            try catalog.setPassword("$hash", of: account, keeping: nil)
            try catalog.begin(Self.session(account), Self.secret(number))
            try catalog.createSetupLink(Self.secret(number + 1), for: account, until: moment(10))
            _ = try catalog.create(Self.token(account), Self.secret(number + 2), limit: 5)
            _ = try catalog.link(issuer: "https://a", subject: account, to: account, at: moment(0))
        }
        func open(_ number: Int) throws -> [Bool] {
            [
                try catalog.session(Self.secret(number), at: moment(1)) != nil, try catalog.setupLink(Self.secret(number + 1), at: moment(1)) != nil,
                try catalog.token(Self.secret(number + 2), at: moment(1)) != nil,
            ]
        }
        for (index, account) in ["a", "b", "c"].enumerated() { try fill(account, index * 10) }
        try catalog.endSignIns(of: "a")
        try catalog.forgetSignIn(of: "b")
        #expect(try [0, 10, 20].map(open) == [[false, false, false], [false, false, false], [true, true, true]])
        #expect(try ["a", "b", "c"].map { try catalog.credential(of: $0) != nil } == [true, false, true])
        #expect(try ["a", "b", "c"].map { try catalog.identities(of: $0).count } == [1, 0, 1])
        try catalog.endAllSignIns()
        #expect(try open(20) == [false, false, false])
        #expect(try catalog.credential(of: "c") != nil)
        try catalog.close()
    }

    // MARK: Plans

    /// Each public function of the files, by its name and first parameter; what it asks and changes must not walk a table.
    static let acts: [(name: String, act: @Sendable (Catalog) throws -> Void)] = [
        ("credential(of", { _ = try $0.credential(of: "a") }),
        ("rehash(_", { try $0.rehash("a", from: "x", to: "y") }),
        ("setPassword(_", { try $0.setPassword("x", of: "a", keeping: nil) }),
        ("takeStep(_", { _ = try $0.takeStep(1, of: "a") }),
        ("setAuthenticator(_", { try $0.setAuthenticator(([1], 1), of: "a") }),
        ("createSetupLink(_", { try $0.createSetupLink(secret(1), for: "a", until: moment(1)) }),
        ("setupLink(_", { _ = try $0.setupLink(secret(1), at: moment(0)) }),
        (
            "use(_",
            {
                try $0.createSetupLink(secret(1), for: "a", until: moment(1))
                _ = try $0.use(secret(1), for: SetupUse(password: "x", authenticator: ([1], 1)), at: moment(0))
                try $0.createSetupLink(secret(1), for: "a", until: moment(1))
                _ = try $0.use(secret(1), issuer: "i", subject: "s", at: moment(0))
            }
        ),
        ("link(issuer", { _ = try $0.link(issuer: "i", subject: "s", to: "a", at: moment(0)) }),
        ("account(issuer", { _ = try $0.account(issuer: "i", subject: "s") }),
        ("identities(of", { _ = try $0.identities(of: "a") }),
        ("unlink(issuer", { _ = try $0.unlink(issuer: "i", subject: "s", from: "a") }),
        ("endSignIns(of", { try $0.endSignIns(of: "a") }),
        ("forgetSignIn(of", { try $0.forgetSignIn(of: "a") }),
        ("begin(_", { try $0.begin(session("a"), secret(1)) }),
        ("session(_", { _ = try $0.session(secret(1), at: moment(0)) }),
        ("saw(_", { try $0.saw(secret(1), at: moment(0), idleUntil: moment(1)) }),
        ("sessions(of", { _ = try $0.sessions(of: "a", at: moment(0)) }),
        (
            "endSession(_",
            {
                try $0.endSession(secret(1))
                _ = try $0.endSession(SessionID.random(), of: "a")
            }
        ),
        ("create(_", { _ = try $0.create(token("a"), secret(1), limit: 5) }),
        ("token(_", { _ = try $0.token(secret(1), at: moment(0)) }),
        ("used(_", { try $0.used(secret(1), at: moment(0)) }),
        ("tokens(of", { _ = try $0.tokens(of: "a", at: moment(0)) }),
        ("endToken(_", { _ = try $0.endToken(TokenID.random(), of: "a") }),
        (
            "attempt(_",
            {
                _ = try $0.attempt(
                    AttemptSubjects(account: secret(1), place: secret(2), address: secret(3)), at: moment(0), forgetting: moment(-1),
                    placesBefore: moment(-1)
                ) { _ in (nil, (1, moment(0)), (1, moment(0)), (1, moment(0))) }
            }
        ),
        (
            "forget(_",
            {
                for succeeded in [true, false] {
                    try $0.forget(
                        AttemptSubjects(account: secret(1), place: secret(2), address: secret(3)), succeeded: succeeded, at: moment(0))
                }
            }
        ),
    ]

    @Test("an index answers and finds what is changed", .enabled(if: hasSQLite, sqliteAbsence), arguments: acts.indices)
    func plan(of index: Int) throws {
        let statements = try catalog.serviceStatements { try Self.acts[index].act(catalog) }
        try catalog.close()
        #expect(!statements.isEmpty || Self.acts[index].name.hasPrefix("set") || Self.acts[index].name.hasPrefix("createSetupLink"))
        for statement in statements {
            let plan = try folder.sqlite("service.sqlite", "EXPLAIN QUERY PLAN \(statement);")
            #expect(!plan.contains("SCAN"), "\(statement)\n\(plan)")
        }
    }

    @Test("every function is in the list", arguments: ["SignInCredentials", "SignInSessions", "SignInFailures"])
    func isComplete(file: String) throws {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/Catalog")
        let text = try String(contentsOf: sources.appending(path: "\(file).swift"), encoding: .utf8)
        let names = text.matches(of: /public func ([A-Za-z]+)\(\s*([A-Za-z_]*)/).map { "\($0.1)(\($0.2)" }
        #expect(!names.isEmpty)
        // Empties whole tables, once, when an archive is restored.
        #expect(Set(names).subtracting(Self.acts.map(\.name)).subtracting(["endAllSignIns("]).isEmpty)
    }
}
