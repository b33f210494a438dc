import Evidence
import Foundation
import Glibc
import Testing
import Vault

struct DerivedStoreTests {
    private let parent: TemporaryFolder
    private let archive: HeldArchive
    private let faults = Faults()
    private let one = Digest(of: bytes(1))
    private let two = Digest(of: bytes(2))
    private var derived: DerivedStore { archive.folder.derived }

    init() throws {
        parent = try TemporaryFolder()
        archive = try HeldArchive(newIn: parent, system: faults.system)
        faults.arm([])
    }

    private func path(_ object: Digest, _ name: String) -> String {
        "\(archive.path)/derived/\(object.hex.prefix(2))/\(object.hex).\(name)"
    }

    private func files() throws -> [String] {
        guard FileManager.default.fileExists(atPath: archive.path + "/derived") else { return [] }
        return try FileManager.default.subpathsOfDirectory(atPath: archive.path + "/derived").filter { $0.contains("/") }
    }

    @Test func `what is kept comes back, under its object and its name only`() throws {
        #expect(try derived.bytes(of: one, named: "page.1") == nil)
        try derived.keep(bytes(1_000), of: one, named: "page.1")
        try derived.keep(bytes(10, seed: 2), of: one, named: "page.2")
        #expect(try derived.bytes(of: one, named: "page.1") == bytes(1_000))
        #expect(try derived.bytes(of: one, named: "page.2") == bytes(10, seed: 2))
        #expect(try derived.bytes(of: two, named: "page.1") == nil)
        try derived.keep([7], of: one, named: "page.1")
        #expect(try derived.bytes(of: one, named: "page.1") == [7])
        #expect(try files().count == 2)
    }

    @Test(
        "a file that is not what it was is thrown away, and made again",
        arguments: ["changed", "cut", "longer", "empty", "a link"])
    func damage(how: String) throws {
        try derived.keep(bytes(100), of: one, named: "a")
        let file = path(one, "a")
        var held = try contents(file)
        switch how {
        case "changed": held[70] ^= 1
        case "cut": held.removeLast()
        case "longer": held.append(0)
        default: held = []
        }
        try #require(unlink(file) == 0)
        if how == "a link" {
            try #require(symlink("/etc/hostname", file) == 0)
        } else {
            try write(held, to: Array(file.utf8))
        }
        #expect(try derived.bytes(of: one, named: "a") == nil)
        try derived.keep(bytes(100), of: one, named: "a")
        #expect(try derived.bytes(of: one, named: "a") == bytes(100))
    }

    @Test func `what was not used for longest goes first`() throws {
        let objects = (0..<10).map { Digest(of: bytes(8, seed: UInt64($0))) }
        // Each takes 8 KiB with its digest; ten of them fit.
        let limit: Int64 = 10 * 8_192
        for object in objects { try derived.keep(bytes(8_000), of: object, named: "a", limit: limit) }
        #expect(try files().count == 10)
        // The first is used again, so the second and third go.
        #expect(try derived.bytes(of: objects[0], named: "a") != nil)
        try derived.keep(bytes(8_000), of: two, named: "a", limit: limit)
        let left = try objects.map { try derived.bytes(of: $0, named: "a") != nil }
        #expect(left == [true, false, false] + Array(repeating: true, count: 7))
        #expect(try derived.bytes(of: two, named: "a") != nil)
    }

    @Test func `what was there when the archive was opened counts too`() throws {
        let parent = try TemporaryFolder()
        var first: HeldArchive? = try HeldArchive(newIn: parent)
        for seed in 0..<4 {
            try first?.folder.derived.keep(bytes(8_000), of: Digest(of: bytes(8, seed: UInt64(seed))), named: "a")
        }
        first = nil
        let again = try HeldArchive(in: parent)
        try again.folder.derived.keep(bytes(8_000), of: two, named: "a", limit: 4 * 8_192)
        let left = try FileManager.default.subpathsOfDirectory(atPath: again.path + "/derived").filter { $0.contains("/") }
        #expect(left.count == 3)
        #expect(first == nil)
    }

    @Test func `erasing an object takes all that is derived of it, and leaves the rest`() throws {
        for name in ["page.1", "page.2", "thumbnail.1"] { try derived.keep([1], of: one, named: name) }
        try derived.keep([2], of: two, named: "page.1")
        let leftover = "\(archive.path)/derived/\(one.hex.prefix(2))/1234.part"
        try write([1], to: Array(leftover.utf8))
        try derived.erase(one)
        #expect(try files() == ["\(two.hex.prefix(2))/\(two.hex).page.1"])
        try derived.erase(one)
        try derived.removeAll()
        #expect(try files().isEmpty)
        try derived.removeAll()
    }

    @Test("what cannot be kept leaves nothing behind", arguments: [SystemCall.create, .write, .touch, .rename])
    func faulty(call: SystemCall) throws {
        faults.arm([Faults.Plan(call: call, number: 1, isSticky: false, errno: ENOSPC)])
        #expect(throws: VaultError.self) { try derived.keep([1], of: one, named: "a") }
        faults.disarm()
        #expect(try files().isEmpty)
        try derived.keep([1], of: one, named: "a")
        #expect(try derived.bytes(of: one, named: "a") == [1])
    }

    @Test func `what is prepared is nothing until it is placed, and no leftover`() throws {
        let prepared = try #require(try derived.prepare([1], of: one, named: "a"))
        #expect(try derived.bytes(of: one, named: "a") == nil)
        try derived.keep([2], of: one, named: "b")
        try derived.trim(to: 0)
        #expect(try files().count == 1, "only what is written now is there")
        try derived.place(prepared)
        #expect(try derived.bytes(of: one, named: "a") == [1])
        let other = try #require(try derived.prepare([3], of: one, named: "a"))
        derived.discard(other)
        #expect(try derived.bytes(of: one, named: "a") == [1])
        #expect(try files().count == 1)
    }

    @Test func `erasing takes what is prepared of the object, and leaves what is prepared of another in the same folder`() throws {
        // Its digest begins with the same two digits.
        let near = try #require((0..<10_000).lazy.map { Digest(of: bytes(8, seed: $0)) }.first { $0.hex.prefix(2) == one.hex.prefix(2) && $0 != one })
        let (mine, others) = (
            try #require(try derived.prepare([1], of: one, named: "a")), try #require(try derived.prepare([2], of: near, named: "a"))
        )
        try derived.erase(one)
        #expect(try files().count == 1)
        try derived.place(mine)
        #expect(try derived.bytes(of: one, named: "a") == nil)
        try derived.place(others)
        #expect(try derived.bytes(of: near, named: "a") == [2])
        #expect(try files().count == 1)
    }

    @Test func `many threads keep and read the same`() throws {
        DispatchQueue.concurrentPerform(iterations: 64) { index in
            let object = index % 2 == 0 ? one : two
            do {
                try derived.keep(bytes(20_000), of: object, named: "a")
                let found = try derived.bytes(of: object, named: "a")
                #expect(found == bytes(20_000))
            } catch {
                Issue.record(error)
            }
        }
        #expect(try files().count == 2)
    }
}
