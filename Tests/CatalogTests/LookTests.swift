import Catalog
import Evidence
import Testing

@Suite("One look", .enabled(if: hasSQLite, sqliteAbsence))
struct LookTests {
    @Test func `all that is asked within it is of one moment, on this thread and for this catalog alone`() throws {
        let (folder, other) = (try TemporaryFolder(), try TemporaryFolder())
        let (catalog, stranger) = (try Catalog(in: folder.path, creates: true), try Catalog(in: other.path, creates: true))
        let (first, second) = (EvidenceID.random(), EvidenceID.random())
        try catalog.append([deposit(object(0), item: first)], by: operatorAtConsole, at: moment(0))
        try catalog.oneLook {
            #expect(try catalog.item(first) != nil)
            try catalog.append([deposit(object(1), item: second)], by: operatorAtConsole, at: moment(1))
            #expect(try catalog.item(second) == nil && catalog.recordTree.size == 2)
            let within = try catalog.oneLook { try catalog.item(second) }
            #expect(within == nil)
            #expect(try stranger.item(first) == nil)
        }
        #expect(try catalog.item(second) != nil)
        try catalog.close()
        try stranger.close()
    }

    @Test func `an equal mark means that tokens, sessions and accounts are as they were`() throws {
        let folder = try TemporaryFolder()
        let catalog = try Catalog(in: folder.path, creates: true)
        var marks: Set<Catalog.SignInMark> = [catalog.signInMark]
        func changes(_ what: String, _ body: () throws -> Void) throws {
            try body()
            #expect(marks.insert(catalog.signInMark).inserted, "\(what)")
            #expect(catalog.signInMark == catalog.signInMark)
        }
        let (secret, id) = (object(7).digest, TokenID.random())
        try changes("an account is opened") {
            try catalog.append(
                [Catalog.Draft(.accountOpened(AccountOpening(account: "officer-1", reason: nil)), subjects: ["officer-1"])], by: operatorAtConsole,
                at: moment(0))
        }
        try changes("a token is made") {
            let token = StoredToken(
                id: id, account: "officer-1", name: "x", scope: "read", createdAt: moment(1), expiresAt: moment(100), usedAt: nil)
            let isMade = try catalog.create(token, secret, limit: 5)
            #expect(isMade)
        }
        let before = catalog.signInMark
        try catalog.used(secret, at: moment(2))
        try catalog.appendAccess(.viewed, to: ["ev-1"], by: operatorAtConsole, at: moment(3))
        #expect(try catalog.token(secret, at: moment(3)) != nil && catalog.signInMark == before, "what is looked at changes nothing")
        try changes("a token is ended") { _ = try catalog.endToken(id, of: "officer-1") }
        try catalog.close()
    }
}
