public import Ledger

/// `VERIFY.md` of a bundle: how to check it, for people, Vietnamese first. The tests run its commands on a bundle.
public enum VerificationInstructions {
    /// The same members give the same bytes.
    /// - Parameters:
    ///   - decision: what `data/decision.json` has; the bundle's name and a record to try are from it.
    ///   - hasStamp: whether `proofs/checkpoint.tsr` is there.
    public static func markdown(_ decision: JSON, hasStamp: Bool) -> [UInt8] {
        let members = DecisionMembers(decision)
        // `DecisionMembers.bundleName` lets nothing into the commands that a shell would take for more than a name.
        let name = members.bundleName
        let record = members.titles.lazy.compactMap { $0["record"].recordNumber }.first ?? 0
        let text =
            vietnamese(name: name ?? "TEN-GOI", record: record, hasStamp: hasStamp)
            + english(hasStamp: hasStamp, isNamed: name != nil)
        return Array(text.utf8)
    }

    // MARK: Commands

    private static func signatureCommands(name: String) -> String {
        #"""
        ```sh
        work=$(mktemp -d)
        { printf '\060\052\060\005\006\003\053\145\160\003\041\000'
          sed -n '/^[^#]/{p;q}' ../archive.pub | cut -d+ -f3- | base64 -d | tail -c 32; } > "$work/key.der"
        printf 'minhchung bundle v1\n%s\ntagmanifest-sha256 %s\n' \#(name) \
          "$(sha256sum tagmanifest-sha256.txt | cut -c1-64)" > "$work/bundle.text"
        head -n 3 signature.note | diff - "$work/bundle.text"
        tail -n 1 signature.note | cut -d' ' -f3 | base64 -d | tail -c 64 > "$work/bundle.signature"
        openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key.der" \
          -rawin -in "$work/bundle.text" -sigfile "$work/bundle.signature"
        ```
        """#
    }

    private static let checkpointCommands = #"""
        ```sh
        for name in checkpoint access-checkpoint; do
          head -n 3 proofs/$name > "$work/$name.text"
          sed -n 5p proofs/$name | cut -d' ' -f3 | base64 -d | tail -c 64 > "$work/$name.signature"
          openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key.der" \
            -rawin -in "$work/$name.text" -sigfile "$work/$name.signature"
          head -n 2 "$work/$name.text"
          sed -n 3p "$work/$name.text" | base64 -d | od -An -v -tx1 | tr -d ' \n'; echo
        done
        ```
        """#

    private static func leafCommands(record: Int64) -> String {
        #"""
        ```sh
        python3 - \#(record) <<'END'
        from base64 import b64decode
        from hashlib import sha256
        from json import dumps, loads
        from sys import argv, exit

        def sha(data): return sha256(data).digest()
        def form(value): return dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        def text(name): return open(name, encoding="utf-8", newline="").read()
        def check(holds, what):
            if not holds: exit("SAI / WRONG: " + what)

        number = int(argv[1])
        record = loads(text(f"data/records/{number:09}.json"))
        proof, checkpoint = text(f"proofs/records/{number:09}.tlog-proof").split("\n\n", 1)
        lines = proof.split("\n")
        check(lines[:2] == ["c2sp.org/tlog-proof@v1", f"index {number}"], "index")
        check(record["header"]["number"] == number, "number")
        check(checkpoint == text("proofs/checkpoint"), "checkpoint")
        if "body" in record:
            body = sha(bytes.fromhex(record["salt"]) + form(record["body"])).hex()
            check(body == record["header"]["body"], "body")
        _, size, root = checkpoint.split("\n")[:3]
        node, index, last = sha(b"\x00" + form(record["header"])), number, int(size) - 1
        for line in lines[2:]:
            check(last > 0, "path")
            if index % 2 or index == last:
                node = sha(b"\x01" + b64decode(line) + node)
                while index and index % 2 == 0: index, last = index // 2, last // 2
            else:
                node = sha(b"\x01" + node + b64decode(line))
            index, last = index // 2, last // 2
        check(last == 0 and node == b64decode(root), "root")
        print("OK", number, record["header"]["kind"], record["header"]["time"])
        END
        ```
        """#
    }

    private static let stampCommands = #"""
        ```sh
        openssl ts -verify -data "$work/checkpoint.text" -in proofs/checkpoint.tsr -CAfile ../tsa.pem
        openssl ts -reply -in proofs/checkpoint.tsr -text | grep -i 'time stamp:'
        ```
        """#

    // MARK: Texts

    private static func vietnamese(name: String, record: Int64, hasStamp: Bool) -> String {
        let stamp = """


            ## 6. Dấu thời gian

            `proofs/checkpoint.tsr` là dấu thời gian (RFC 3161) trên ba dòng đầu của `proofs/checkpoint`: sổ ghi đã có trước thời điểm đó. Lấy chứng
            thư gốc của tổ chức cấp dấu thời gian từ chính tổ chức đó, đặt tên `tsa.pem` bên cạnh thư mục gói. Dùng `$work` của bước 4.

            \(stampCommands)

            Phải thấy `Verification: OK`. Nếu chứng thư nay đã hết hạn, thêm `-attime` và số giây Unix của thời điểm trong dấu.
            """
        return """
            # Cách kiểm tra gói minh chứng này

            (English below.)

            Gói này do một kho lưu trữ MinhChung lập và ký. Muốn tin nội dung, hãy kiểm tra như sau; không cần mạng và không cần kho. Cần **khóa
            công khai của kho**, tệp `archive.pub`, nhận từ nơi khác: từ chính cơ quan giữ kho, hoặc bản đã công bố. Khóa nằm trong gói, hay do
            người đưa gói đưa kèm, thì không chứng minh được gì. Nếu một bước không ra kết quả như đã nói, đừng tin gói và hãy báo cơ quan giữ kho.

            ## 1. Cách nhanh và đầy đủ nhất

            ```sh
            minhchung verify-bundle --key archive.pub \(name).zip
            ```

            Lệnh này kiểm tra mọi điều dưới đây, và còn lập lại quyết định, điểm và kết luận từ các bản ghi để so với gói. Chương trình thứ hai,
            viết độc lập (Python, cần `cryptography`; có trong mã nguồn MinhChung, `Tests/Oracle`), kiểm tra lại những điều đó:

            ```sh
            python3 bundle_oracle.py --key archive.pub \(name).zip
            ```

            Các bước sau chỉ dùng công cụ có sẵn trên Linux (coreutils, OpenSSL 3, Python 3). Đặt `archive.pub` cạnh tệp ZIP rồi:

            ```sh
            unzip \(name).zip
            cd \(name)
            ```

            ## 2. Các tệp còn nguyên vẹn

            ```sh
            sha256sum --check --strict --quiet tagmanifest-sha256.txt
            sha256sum --check --strict --quiet manifest-sha256.txt
            ```

            Không in ra gì là đúng. Bỏ `--quiet` để thấy từng tệp: `sha256sum -c manifest-sha256.txt`.

            ## 3. Không có tệp thừa

            ```sh
            find . -type f ! -name tagmanifest-sha256.txt ! -name signature.note | sed 's|^\\./||' | LC_ALL=C sort |
              diff - <(cut -c67- manifest-sha256.txt tagmanifest-sha256.txt | LC_ALL=C sort)
            ```

            Không in ra gì là đúng (lệnh này cần `bash`).

            ## 4. Chữ ký của kho trên gói

            `tagmanifest-sha256.txt` có mã của `manifest-sha256.txt`, và qua đó của mọi tệp; kho ký trên mã của nó (Ed25519).

            \(signatureCommands(name: name))

            Phải thấy `Signature Verified Successfully` và không có dòng nào khác.

            ## 5. Sổ ghi

            Chữ ký của kho trên hai mốc của sổ (sổ ghi và sổ truy cập). Mỗi mốc in ra tên, số mục và mã gốc; hãy so mã gốc với con số mà kho đã
            công bố, hoặc bạn đã ghi lại trước đây:

            \(checkpointCommands)

            Phải thấy `Signature Verified Successfully` hai lần. Sau đó kiểm tra một bản ghi có trong sổ, ví dụ bản ghi số \(record) (thay số khác
            để kiểm tra bản ghi khác trong `data/records/`):

            \(leafCommands(record: record))

            Phải thấy `OK` và số của bản ghi. Bản ghi đã xóa theo quy định chỉ còn phần đầu; phần đầu ấy vẫn phải có trong sổ.
            \(hasStamp ? stamp : "")

            ## Trong gói có gì

            | Tệp | Nội dung |
            |---|---|
            | `data/index.html` | quyết định, để đọc |
            | `data/decision.json` | quyết định, cho chương trình |
            | `data/evidence/` | tệp minh chứng, nguyên từng byte; tên là mã SHA-256 |
            | `data/texts/` | văn bản trích từ minh chứng |
            | `data/rules/` | bộ tiêu chí và bộ quy tắc đã áp dụng |
            | `data/records/` | bản ghi của sổ |
            | `data/access.jsonl` | ai đã xem minh chứng này |
            | `data/ro-crate-metadata.json` | mô tả theo RO-Crate 1.1 |
            | `proofs/` | mốc của sổ, và chứng minh từng bản ghi có trong sổ\(hasStamp ? "; `checkpoint.tsr`: dấu thời gian" : "") |
            | `signature.note` | chữ ký của kho |
            | `bagit.txt`, `bag-info.txt`, `manifest-sha256.txt`, `tagmanifest-sha256.txt` | danh mục tệp (BagIt 1.0) |

            ## Kiểm tra như vậy chứng minh điều gì, và không chứng minh điều gì

            Chứng minh, nếu `archive.pub` đúng là khóa của kho:

            - gói này do kho ký, và không byte nào thay đổi từ đó;
            - các bản ghi có trong sổ chỉ ghi thêm của kho, tại mốc của gói; không thể sửa bản ghi mà mã gốc không đổi;
            - (chỉ bước 1) quyết định, điểm và kết luận đúng là điều suy ra từ các bản ghi và quy tắc.

            Không chứng minh:

            - **rằng khóa là đúng**: điều này phải biết từ nơi khác;
            - rằng nội dung giấy tờ là sự thật: gói chỉ nói kho đã nhận byte nào, ai đã xác minh và bằng cách nào;
            - rằng người dùng một tài khoản đúng là người mang tên đó: việc này do cơ quan giữ kho bảo đảm;
            - rằng kho cho mọi người thấy cùng một sổ: hãy so mã gốc với người khác, hoặc dùng chữ ký của nhân chứng (witness);
            - điều gì đã xảy ra sau mốc của gói, ví dụ thu hồi danh hiệu: hãy xin kho gói mới.


            """
    }

    private static func english(hasStamp: Bool, isNamed: Bool) -> String {
        let stamp = """

            6. **The time stamp.** RFC 3161, over the first three lines of `proofs/checkpoint`: the ledger was there before that time. Get the
               authority's root certificate from the authority, as `../tsa.pem`. `Verification: OK` is right. Where the certificate has expired
               since, add `-attime` with the Unix time of the stamp.
            """
        return """
            ---

            # How to check this evidence bundle

            An archive of MinhChung made and signed this bundle. Check it without network and without the archive. You need the **archive's public
            key**, `archive.pub`, from elsewhere: from the office that keeps the archive, or as it was published. A key from the bundle, or from
            whoever gave you the bundle, proves nothing. Where a step does not say what it should, do not trust the bundle, and tell that
            office.

            The steps have the numbers of the sections above; their commands are there.\(isNamed ? "" : " TEN-GOI stands for the bundle's name.")

            1. **All at once.** `minhchung verify-bundle` checks all of this and derives decision, points and verdict from the records again.
               `bundle_oracle.py`, written independently (Python with `cryptography`, in MinhChung's sources under `Tests/Oracle`), does the same.
               The other steps need coreutils, OpenSSL 3 and Python 3 only: put `archive.pub` beside the ZIP file, unpack it and enter the folder.
            2. **The files are whole.** Nothing printed is right.
            3. **No file is too many.** Nothing printed is right (needs `bash`).
            4. **The archive's signature.** `tagmanifest-sha256.txt` has the digest of `manifest-sha256.txt`, and so of every file; the archive signs
               its digest with Ed25519. `Signature Verified Successfully`, and nothing else, is right.
            5. **The ledger.** The archive's signatures of both checkpoints, then one record's place in the tree. `Signature Verified
               Successfully` twice, and `OK` with the record's number, is right. Hold the root that is printed against one from elsewhere.
            """ + (hasStamp ? stamp : "") + """


                **What is in it**: `data/index.html` the decision to read, `data/decision.json` the same for programs, `data/evidence/` the
                evidence byte for byte, named by SHA-256, `data/texts/` extracted texts, `data/rules/` criteria and rules, `data/records/` the
                ledger's records, `data/access.jsonl` who saw this evidence, `data/ro-crate-metadata.json` a description as RO-Crate 1.1,
                `proofs/` checkpoints and a proof
                for each record\(hasStamp ? ", and the time stamp" : ""), `signature.note` the archive's signature, the rest the lists of a
                BagIt 1.0 bag.

                **What a check proves**, if `archive.pub` is the archive's key: the archive signed this bundle and no byte has changed since;
                the records are in its append-only ledger at this checkpoint; and (step 1 only) decision, points and verdict follow from records
                and rules.

                **What it does not prove**: that the key is the right one, which has to be known from elsewhere; that what a document says is
                true, only which bytes the archive got, and who verified them how; that an account was used by the person it belongs to; that
                the archive shows the same ledger to everybody (compare roots, or use witnesses' cosignatures); what happened after the
                checkpoint, such as a revocation.

                """
    }
}
