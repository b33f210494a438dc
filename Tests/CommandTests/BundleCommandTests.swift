import Foundation
import Testing

@Suite("Bundles, by the command line")
struct BundleCommandTests {
    @Test("Standard tools and an independent verifier accept a bundle, as a ZIP file and as a folder")
    func accepted() throws {
        let golden = try GoldenArchive()
        let outcome = try golden.shell(
            """
            minhchung bundle "$title" --output bundle.zip
            minhchung bundle "$title" --folder --output bundle
            unzip -qq bundle.zip -d unpacked
            diff -r bundle unpacked/*
            unzip -tqq bundle.zip
            cd bundle
            sha256sum --check --strict --quiet manifest-sha256.txt
            sha256sum --check --strict --quiet tagmanifest-sha256.txt
            cd ..
            for form in bundle.zip bundle; do minhchung verify-bundle --key archive.pub "$form"; done
            minhchung verify-bundle --bag bundle
            """)
        #expect(outcome.status == 0, "\(outcome.errors)\(outcome.output)")
        if GoldenArchive.hasCryptography {
            let oracle = try golden.shell(
                """
                for form in bundle.zip bundle; do
                    python3 "$oracle/bundle_oracle.py" --key archive.pub --witness witness/witness.pub "$form"
                done
                """)
            #expect(oracle.status == 0 && oracle.lines.count { $0.hasPrefix("sound:") } == 2, "\(oracle.output)\(oracle.errors)")
        }
        if GoldenArchive.hasModule("bagit") {
            let bagit = try golden.shell("python3 -m bagit --validate bundle")
            #expect(bagit.status == 0, "\(bagit.errors)")
        }
    }

    @Test("The same title at the same checkpoint with the same cosignatures is the same bytes, in two folders and two runs")
    func deterministic() throws {
        let golden = try GoldenArchive()
        let outcome = try golden.shell(
            """
            cp -a archive elsewhere
            minhchung bundle "$title" --output one.zip
            minhchung show "$(minhchung list --json | head -1 | sed 's/.*"item":"\\([^"]*\\)".*/\\1/')" > /dev/null
            minhchung bundle "$title" --output two.zip
            minhchung bundle "$title" --archive elsewhere --output three.zip
            size=$(minhchung checkpoint --json | sed 's/.*"records":{[^}]*"size":\\([0-9]*\\).*/\\1/')
            minhchung verify --quiet
            minhchung bundle "$title" --checkpoint "$size" --output four.zip
            minhchung bundle "$title" --output five.zip
            cmp one.zip two.zip
            cmp one.zip three.zip
            cmp one.zip four.zip
            if cmp -s one.zip five.zip; then exit 1; fi
            """)
        #expect(outcome.status == 0, "\(outcome.errors)\(outcome.output)")
    }

    @Test("What is withheld is listed by digest, the rest verifies, and the bytes are not in the bundle")
    func withheld() throws {
        let golden = try GoldenArchive()
        let outcome = try golden.shell(
            """
            item=$(minhchung trace title "$title" --json | grep -o 'ev-[0-9a-z]*' | head -1)
            digest=$(minhchung show "$item" --json | sed 's/.*"object":"\\([0-9a-f]*\\)".*/\\1/')
            minhchung bundle "$title" --withhold "$item" --output bundle.zip
            minhchung verify-bundle --key archive.pub bundle.zip > report
            grep -q "withheld  $digest" report
            if unzip -l bundle.zip | grep -q "evidence/$digest"; then exit 1; fi
            unzip -p bundle.zip '*/data/decision.json' | grep -q "$digest"
            """)
        #expect(outcome.status == 0, "\(outcome.errors)\(outcome.output)")
    }

    @Test("A list has all titles of a unit in a cycle, and verifies")
    func list() throws {
        let golden = try GoldenArchive()
        let outcome = try golden.shell(
            "minhchung bundle --unit 1 --cycle 2025 --output list.zip --json && minhchung verify-bundle --key archive.pub list.zip")
        let title = try golden.title
        #expect(outcome.status == 0 && outcome.output.contains("title \(title)"), "\(outcome.errors)\(outcome.output)")
    }

    @Test(
        "Without the right key, the witness that is asked for, or a past that is continued, a bundle is refused",
        arguments: [
            ("minhchung verify-bundle bundle.zip", 2, "no key is trusted"),
            ("minhchung verify-bundle --key other.pub bundle.zip", 1, "signature.note: no trusted key has signed it"),
            ("minhchung verify-bundle --key archive.pub --witness other-w/witness.pub bundle.zip", 1, "0 of the trusted witnesses have cosigned"),
            ("minhchung verify-bundle --key archive.pub --stamp-ca archive.pub bundle.zip", 1, "checkpoint.tsr: it is missing"),
            ("minhchung verify-bundle --key archive.pub --memory other-w/memory.json bundle.zip", 1, "was seen before"),
            ("minhchung verify-bundle --key archive.pub archive.pub", 1, "FOUND"),
            ("minhchung verify-bundle --key archive.pub nowhere.zip", 2, "No such file"),
            ("minhchung bundle \"$title\" --output bundle.zip", 2, "something has this name already"),
            ("minhchung bundle \"$title\" --output other.zip --checkpoint 3", 1, "no checkpoint of 3 records"),
            ("minhchung bundle ti-0000 --output other.zip", 1, "cannot find title"),
        ])
    func refused(_ line: String, status: Int, words: String) throws {
        let golden = try GoldenArchive()
        let prepared = try golden.shell(
            """
            minhchung bundle "$title" --output bundle.zip
            minhchung init --archive other --quiet
            minhchung keys show --archive other --output other.pub
            minhchung witness init other-w --archive-key other.pub --name w.example/2
            minhchung witness pull other-w --from other
            """)
        try #require(prepared.status == 0, "\(prepared.errors)")
        let outcome = try golden.shell("status=0; \(line) || status=$?; exit $status")
        #expect(Int(outcome.status) == status, "\(outcome.output)\(outcome.errors)")
        #expect((outcome.output + outcome.errors).contains(words), "\(outcome.output)\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: golden.workplace.folder.appending(path: "other.zip").path))
    }

    @Test(
        "A changed bundle is refused and the piece is named, also where its manifests were made anew",
        .enabled(if: GoldenArchive.hasCryptography, GoldenArchive.cryptographyAbsence))
    func mutations() throws {
        let golden = try GoldenArchive()
        let outcome = try golden.shell(
            """
            minhchung bundle "$title" --output bundle.zip
            python3 "$oracle/bundle_mutations.py" "minhchung verify-bundle" archive.pub bundle.zip --random 200 --sample 200
            """)
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.contains("0 accepted, 0 unnamed"))
    }

    @Test("Every bag of the conformance suite is judged as its folder says")
    func conformance() throws {
        let shared = ProcessInfo.processInfo.environment["MINHCHUNG_SHARED"] ?? GoldenArchive.repository.appending(path: "../shared").path
        let suite = URL(filePath: shared).appending(path: "vectors/bagit-conformance")
        guard FileManager.default.fileExists(atPath: suite.path) else {
            print("skipped: the conformance suite is not beside the project")
            return
        }
        let outcome = try GoldenArchive().shell("MINHCHUNG_SHARED='\(shared)' python3 \"$oracle/bag_oracle.py\" 'minhchung verify-bundle --bag'")
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    }

    @Test("The checkpoint is stamped once a day, and the stamp is proven in the bundle and by openssl")
    func stamped() throws {
        let golden = try GoldenArchive()
        let outcome = try golden.shell(Self.authority)
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.contains("stamped at "))
        #expect(outcome.output.contains("Verification: OK"))
        #expect(outcome.output.contains("refused with another authority"))
    }

    /// A time-stamping authority of the test's own, its server, and what is asked of it.
    private static let authority = """
        mkdir tsa && cd tsa
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=CA -days 30 2> /dev/null
        openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.pem -subj /CN=Other -days 30 2> /dev/null
        openssl req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /CN=TSA 2> /dev/null
        printf 'extendedKeyUsage=critical,timeStamping\\nkeyUsage=critical,digitalSignature\\n' > ext
        openssl x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile ext -days 30 -out tsa.pem 2> /dev/null
        printf '1000\\n' > serial
        cat > ts.cnf <<'CONFIGURATION'
        [ tsa ]
        default_tsa = own
        [ own ]
        serial = serial
        crypto_device = builtin
        signer_cert = tsa.pem
        certs = ca.pem
        signer_key = tsa.key
        signer_digest = sha256
        default_policy = 1.2.3.4.1
        digests = sha256
        ess_cert_id_alg = sha256
        CONFIGURATION
        cat > serve.py <<'PYTHON'
        import http.server, subprocess
        class Authority(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                query = self.rfile.read(int(self.headers["Content-Length"]))
                open("query", "wb").write(query)
                reply = subprocess.run(["openssl", "ts", "-reply", "-config", "ts.cnf", "-queryfile", "query"], check=True, capture_output=True).stdout
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)
            def log_message(self, *words): pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Authority)
        server.timeout = 60
        print(server.server_port, flush=True)
        server.handle_request()
        PYTHON
        mkfifo port
        python3 serve.py > port &
        read -r port < port
        cd ..
        minhchung checkpoint --stamp-url "http://127.0.0.1:$port/" --stamp-ca tsa/ca.pem --json > first
        wait
        # A day is not over, so that nobody is asked: the server is gone.
        minhchung checkpoint --stamp-url "http://127.0.0.1:$port/" --stamp-ca tsa/ca.pem --json > second
        minhchung bundle "$title" --output bundle.zip
        minhchung verify-bundle --key archive.pub --stamp-ca tsa/ca.pem bundle.zip
        unzip -p bundle.zip '*/proofs/checkpoint' | head -3 > text
        unzip -p bundle.zip '*/proofs/checkpoint.tsr' > token
        openssl ts -verify -data text -in token -CAfile tsa/ca.pem 2>&1
        if minhchung verify-bundle --key archive.pub --stamp-ca tsa/other.pem bundle.zip > /dev/null; then exit 1; fi
        echo refused with another authority
        """
}
