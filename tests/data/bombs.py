"""Workbooks that would exhaust the memory of a careless reader."""

import io
import zipfile

from tests.data.conftest import workbook

SHEET_XML = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
STRINGS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def repacked(member: str, content: bytes) -> bytes:
    """A workbook with one of its parts replaced."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook([["Subject"]]))) as whole,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        parts = {name: whole.read(name) for name in whole.namelist()} | {member: content}
        # openpyxl writes its texts into the cells; other programs share them in a part of its own
        declared = f'<Override PartName="/{STRINGS}" ContentType="{STRINGS_TYPE}"/></Types>'
        if member == STRINGS:
            types = parts["[Content_Types].xml"]
            parts["[Content_Types].xml"] = types.replace(b"</Types>", declared.encode())
        for name, part in parts.items():
            archive.writestr(name, part)
    return stream.getvalue()


def zip_bomb() -> bytes:
    return repacked(SHEET_XML, b" " * 60_000_000)


def entity_bomb(member: str) -> bytes:
    entities = '<!ENTITY a0 "ha">' + "".join(
        f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12)
    )
    bomb = f'<!DOCTYPE x [{entities}]><sst xmlns="{MAIN}"><si><t>&a11;</t></si></sst>'
    return repacked(member, bomb.encode())


OLD_XLS = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000)
ENCRYPTED = OLD_XLS + "EncryptedPackage".encode("utf-16-le")
