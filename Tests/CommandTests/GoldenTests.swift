import Foundation
import Testing

@Suite("The archive of format 1, kept for ever")
struct GoldenTests {
    @Test("It opens, is sound, and gives the same decision in a bundle that verifies with its key")
    func opens() throws {
        let golden = try GoldenArchive()
        let key = try golden.about.text("key")
        let outcome = try golden.shell(
            """
            minhchung verify
            minhchung rebuild --quiet
            minhchung verify --quiet
            minhchung bundle "$title" --checkpoint \(try golden.about.number("checkpoint")) --output bundle.zip
            minhchung verify-bundle --key '\(key)' --witness witness/witness.pub --memory witness/memory.json bundle.zip
            unzip -p bundle.zip '*/data/decision.json' | sha256sum | cut -c1-64
            """)
        #expect(outcome.status == 0, "\(outcome.errors)\(outcome.output)")
        #expect(outcome.output.contains("all sound") && outcome.output.contains("cosigned by golden.example/w1"))
        #expect(outcome.lines.last == (try golden.about.text("decision_sha256")))
    }

    @Test("Its witness follows it on, its keys come back, and what was erased stays away")
    func goesOn() throws {
        let golden = try GoldenArchive()
        let outcome = try golden.shell(
            """
            minhchung witness pull witness --from archive
            rm archive/keys/signing.key
            if minhchung status 2> refused; then exit 1; fi
            grep -q 'keys restore' refused
            echo 'a golden passphrase' | minhchung keys restore keys.age --passphrase-file -
            minhchung status --quiet
            if grep -rl 'Người Khác' archive; then exit 1; fi
            minhchung hold list --json
            minhchung search 'noi dung hoc tap' --json | head -1
            """)
        #expect(outcome.status == 0, "\(outcome.errors)\(outcome.output)")
        #expect(outcome.output.contains("cosigned as golden.example/w1") && outcome.output.contains("legal_basis"))
    }

    @Test("The oracle finds it sound", .enabled(if: GoldenArchive.hasCryptography, GoldenArchive.cryptographyAbsence))
    func oracle() throws {
        let golden = try GoldenArchive()
        let outcome = try golden.shell("python3 \"$oracle/archive_oracle.py\" archive")
        #expect(outcome.status == 0 && outcome.output.contains("sound"), "\(outcome.output)\(outcome.errors)")
    }

    @Test("Every way of tampering with its ledger is found by verify or by its witness, and the record is named")
    func tampering() throws {
        let golden = try GoldenArchive()
        let outcome = try golden.shell(
            "minhchung witness pull witness --from archive > followed; python3 \"$oracle/ledger_tamper.py\" \"$(command -v minhchung)\" archive witness"
        )
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.contains(", 0 not found or not named"))
    }
}
