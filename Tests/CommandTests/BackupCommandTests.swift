import Foundation
import Testing

@Suite("Backup and restore on the command line", .timeLimit(.minutes(10)))
struct BackupCommandTests {
    /// An archive that a witness follows: backed up, followed on, lost.
    private func lost() throws -> Workplace {
        let workplace = try Workplace()
        let made = try workplace.shell(
            """
            set -eu; export MINHCHUNG_ARCHIVE="$archive"
            for i in 1 2 3 4 5 6 7 8; do echo "$i" > "$i.txt"; done
            "$minhchung" deposit --quiet --no-extract 1.txt 2.txt
            "$minhchung" keys show --output archive.pub --quiet
            "$minhchung" witness init w --archive-key archive.pub --name so-gddt.example/w1
            "$minhchung" witness pull w --from "$archive"
            cp -r "$archive/keys" keys
            "$minhchung" backup backup --quiet
            cp -r w early
            "$minhchung" deposit --quiet --no-extract 3.txt 4.txt 5.txt
            "$minhchung" witness pull w --from "$archive" --output reply.json
            "$minhchung" checkpoint show --json | python3 -c 'import json, sys; print(end=json.load(sys.stdin)["records"]["note"])' > note
            "$minhchung" witness show w --memory > memory.json
            "$minhchung" witness show early --memory > early.json
            mv "$archive" gone
            """)
        try #require(made.status == 0, "\(made.output)\(made.errors)")
        return workplace
    }

    private static let restore = #""$minhchung" restore backup --keys-folder keys --no-erasure-list --archive "$archive""#

    @Test("a witness sees an honest gap, and goes on where a human accepts it", arguments: ["--witnessed memory.json", "--witnessed reply.json", ""])
    func gap(witnessed: String) throws {
        let workplace = try lost()
        let restored = try workplace.shell("\(Self.restore) \(witnessed) --reason 'đĩa hỏng'")
        #expect(restored.status == 0 && restored.output.contains("epoch 2 begins"), "\(restored)")
        #expect(restored.output.contains("--witnessed") == witnessed.isEmpty)
        let seen = try workplace.shell(#""$minhchung" witness pull w --from "$archive""#)
        #expect(seen.status == 1 && seen.errors.contains("of the records that were seen, 3 to 5 are lost"), "\(seen)")
        #expect(seen.errors.contains("--accept-epoch 2"))
        // It refuses a second time, and another epoch than the one that it is shown.
        #expect(try workplace.shell(#""$minhchung" witness pull w --from "$archive" --accept-epoch 3"#).status == 1)
        let accepted = try workplace.shell(#""$minhchung" witness pull w --from "$archive" --accept-epoch 2"#)
        #expect(accepted.status == 0, "\(accepted)")
        #expect(try workplace.shell(#""$minhchung" deposit --archive "$archive" --no-extract 6.txt 7.txt"#).status == 0)
        #expect(try workplace.shell(#""$minhchung" witness pull w --from "$archive""#).status == 0)
        #expect(try workplace.run("verify").status == 0)
        // Nothing of the first epoch was signed again: the note that was handed out last is larger than all that there are.
        let signed = try workplace.shell(
            #"sqlite3 "$archive/archive.sqlite" "SELECT epoch, max(size) FROM checkpoint WHERE tree = 'records' GROUP BY epoch ORDER BY 1""#)
        #expect(signed.lines == ["1|3", "2|7"], "\(signed)")
    }

    @Test("a backup that has all that was seen goes on in its epoch")
    func sameEpoch() throws {
        let workplace = try lost()
        let restored = try workplace.shell("\(Self.restore) --witnessed early.json")
        #expect(restored.status == 0 && !restored.output.contains("epoch"), "\(restored)")
        let seen = try workplace.shell(#""$minhchung" witness pull early --from "$archive""#)
        #expect(seen.status == 0 && seen.output.contains("4 records continue the 3"), "\(seen)")
        // Whoever has seen more, and was not asked, sees that it was cut off.
        let refused = try workplace.shell(#""$minhchung" checkpoint pull --archive "$archive" --since 3 --output p; "$minhchung" witness pull w p"#)
        #expect(refused.status == 1 && refused.errors.contains("REFUSED"), "\(refused)")
    }

    @Test("files that are copied back by hand, without a new epoch, are refused by a witness: truncated, and rewritten as soon as they grow")
    func byHand() throws {
        let workplace = try lost()
        let pulled = try workplace.shell(
            """
            set -eu
            cp -r gone "$archive"; rm -f "$archive"/*.sqlite*
            cp backup/snapshots/*/*.sqlite "$archive"; cp -r keys "$archive"; rm -rf "$archive/lock"
            "$minhchung" checkpoint pull --archive "$archive" --since 3 --output short
            "$minhchung" deposit --quiet --no-extract --archive "$archive" 6.txt 7.txt 8.txt
            "$minhchung" checkpoint pull --archive "$archive" --since 6 --output long
            """)
        #expect(pulled.status == 0, "\(pulled)")
        let short = try workplace.shell(#""$minhchung" witness pull w short"#)
        #expect(short.status == 1 && short.errors.contains("REFUSED: the tree of records was cut off"), "\(short)")
        let long = try workplace.shell(#""$minhchung" witness pull w long"#)
        #expect(long.status == 1 && long.errors.contains("REFUSED: the tree of records was rewritten"), "\(long)")
        // Such an archive is not taken for the past of what the witness saw.
        let other = try workplace.shell(
            """
            "$minhchung" backup other --archive "$archive" --quiet
            "$minhchung" restore other --keys-folder keys --no-erasure-list --archive new --witnessed memory.json
            """)
        #expect(other.status == 1 && other.errors.contains("not the past"), "\(other)")
        #expect(try workplace.shell("ls -d new new.restoring").output.isEmpty)
    }

    @Test("a signed checkpoint is what was witnessed, and one that nobody signed is not")
    func note() throws {
        let workplace = try lost()
        let behind = try workplace.shell("\(Self.restore) --witnessed note --json")
        #expect(behind.status == 0 && behind.output.contains(#""epoch":2"#), "\(behind)")
        let forged = try workplace.shell(
            "sed 2s/6/9/ note > forged; rm -rf $archive; \(Self.restore) --witnessed forged")
        #expect(forged.status == 1 && forged.errors.contains("hold the backup against"), "\(forged)")
        let nothing = try workplace.shell("\(Self.restore) --witnessed 1.txt")
        #expect(nothing.status == 1 && nothing.errors.contains("no signed checkpoint"), "\(nothing)")
        #expect(try workplace.shell("ls -d $archive $archive.restoring").output.isEmpty)
    }

    @Test("what has to be said is asked for")
    func refusals() throws {
        let workplace = try Workplace()
        #expect(try workplace.shell(#""$minhchung" backup backup --archive "$archive""#).status == 0)
        let keys = try workplace.shell(#""$minhchung" restore backup --archive new"#)
        #expect(keys.status == 64 && keys.errors.contains("keys backup"))
        #expect(try workplace.shell(#""$minhchung" restore backup --keys keys.age"#).status == 64)
        let list = try workplace.shell(#""$minhchung" restore backup --archive new --keys-folder "$archive/keys""#)
        #expect(list.status == 1 && list.errors.contains("--no-erasure-list"))
        let there = try workplace.shell(#""$minhchung" restore backup --archive "$archive" --keys-folder "$archive/keys" --no-erasure-list"#)
        #expect(there.status == 2 && there.errors.contains("there is something already"), "\(there)")
        let none = try workplace.shell(#""$minhchung" restore nowhere --archive new --keys-folder "$archive/keys" --no-erasure-list"#)
        #expect(none.status == 2 && none.errors.contains("there are none"))
        let done = try workplace.shell(
            #""$minhchung" restore backup --archive new --keys-folder "$archive/keys" --no-erasure-list && "$minhchung" verify --archive new"#)
        #expect(done.status == 0 && done.output.contains("all sound"), "\(done)")
        let busy = try workplace.shell(#"flock backup/lock "$minhchung" backup backup --archive "$archive""#)
        #expect(busy.status == 3 && busy.errors.contains("in use by"), "\(busy)")
        // The page says how to check one without the program.
        let checked = try workplace.shell(
            """
            set -e; cd backup/objects/sha256; find . -type f -printf '%f  %P\\n' | sha256sum --check --strict --quiet || [ -z "$(find . -type f)" ]
            cd ../../snapshots/*; sqlite3 'file:archive.sqlite?mode=ro' 'PRAGMA integrity_check'
            grep -o '"archive.sqlite":"[0-9a-f]*"' backup.json | cut -d '"' -f 4 | sed 's/$/  archive.sqlite/' | sha256sum --check --quiet
            """)
        #expect(checked.status == 0 && checked.output == "ok\n", "\(checked)")
    }
}
