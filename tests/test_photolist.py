"""Lists of photographs, as spreadsheets and scripts write them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.errors import ConfigError
from kiosk.photolist import Photo, check_nobody_twice, photo_folder, read_photo_list


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.csv"


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_plain_list(path: Path) -> None:
    write(path, "person,path\nAnna,a.jpg\n,b/c.jpg\n")

    assert read_photo_list(path) == [
        Photo("Anna", "a.jpg", path.parent / "a.jpg"),
        Photo("", "b/c.jpg", path.parent / "b/c.jpg"),
    ]


def test_paths_start_at_the_root_given_and_absolute_ones_stay(path: Path) -> None:
    write(path, "person,path\nAnna,a.jpg\nBoris,/pictures/b.jpg\n")

    first, second = read_photo_list(path, root=Path("/elsewhere"))

    assert first.file == Path("/elsewhere/a.jpg")
    assert second.file == Path("/pictures/b.jpg")
    assert second.path == "/pictures/b.jpg"


def test_other_columns_in_any_order_and_case(path: Path) -> None:
    write(path, "Condition,PATH, Number ,Person,age\ndark,a.jpg,17,Anna,30\n")

    (photo,) = read_photo_list(path)

    assert photo == Photo("Anna", "a.jpg", path.parent / "a.jpg", "dark", "17")


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffperson,path\nÅsa Öberg,å.jpg\n",
        "person,path\r\nÅsa Öberg,å.jpg\r\n",
        "person,path\n\nÅsa Öberg,å.jpg\n\n\n",
        'person,path\n"Åsa Öberg","å.jpg"\n',
        "person,path\n  Åsa Öberg , å.jpg \n",
        "person,path\nÅsa Öberg,å.jpg",
        "person,path\nÅsa Öberg,å.jpg,spare,cells\n",
    ],
)
def test_what_spreadsheets_make_of_it(path: Path, text: str) -> None:
    (photo,) = read_photo_list(write(path, text))

    assert (photo.person, photo.path) == ("Åsa Öberg", "å.jpg")


def test_names_with_commas_quotes_and_line_breaks(path: Path) -> None:
    write(path, 'person,path\n"Berg, Anna ""Nan""\nMaria",a.jpg\n')

    assert read_photo_list(path)[0].person == 'Berg, Anna "Nan"\nMaria'


def test_other_columns_can_be_demanded(path: Path) -> None:
    write(path, "person,path\nAnna,a.jpg\n")

    with pytest.raises(ConfigError, match="lacks the column number"):
        read_photo_list(path, columns=("person", "number", "path"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lacks the column person and path; it has none"),
        ("\n\n", "lacks the column"),
        ("Anna,a.jpg\nBoris,b.jpg\n", "it has anna, a.jpg"),
        ("person;path\nAnna;a.jpg\n", "it has person;path"),
        ("name,path\nAnna,a.jpg\n", "lacks the column person"),
        ("person,path\n", "lists no photographs"),
        ("person,path\nAnna,a.jpg\nBoris,\n", "line 3: the path is empty"),
        ("person,path\nAnna\n", "line 2: the path is empty"),
        ("person,path\nAnna,  \n", "line 2: the path is empty"),
        (b"person,path\nAnna,\xff\xfe.jpg\n", "cannot be read as CSV"),
        ("person,path\nAnna," + "x" * 200_000 + "\n", "cannot be read as CSV"),
    ],
)
def test_a_faulty_list_is_refused_in_a_sentence(
    path: Path, text: str | bytes, message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read_photo_list(write(path, text))

    assert "list.csv" in str(caught.value)


def test_a_missing_list_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(ConfigError, match="cannot be read"):
            read_photo_list(path)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_list_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    for data in (content, b"person,path\n" + content):
        path.write_bytes(data)
        try:
            photos = read_photo_list(path)
        except ConfigError:
            continue
        assert all(photo.path for photo in photos)


def test_a_folder_with_a_folder_for_each_person(tmp_path: Path) -> None:
    for name in ("Boris/2.png", "Boris/1.JPG", "Anna/a.webp", "Anna/notes.txt", "Anna/.b.png"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "c.png").write_bytes(b"")
    (tmp_path / "loose.png").write_bytes(b"")

    assert photo_folder(tmp_path) == [
        Photo("Anna", "Anna/a.webp", tmp_path / "Anna/a.webp"),
        Photo("Boris", "Boris/1.JPG", tmp_path / "Boris/1.JPG"),
        Photo("Boris", "Boris/2.png", tmp_path / "Boris/2.png"),
    ]


def test_a_folder_without_people_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loose.png").write_bytes(b"")

    with pytest.raises(ConfigError, match="folder for each person"):
        photo_folder(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        photo_folder(tmp_path / "absent")
    with pytest.raises(ConfigError, match="cannot be read"):
        photo_folder(tmp_path / "loose.png")


def listed(folder: Path, *rows: tuple[str, str, bytes | None]) -> list[Photo]:
    """List pictures; one without content is not there."""
    for _, name, content in rows:
        if content is not None:
            (folder / name).write_bytes(content)
    return [Photo(person, name, folder / name) for person, name, _ in rows]


def test_one_picture_of_two_people_is_refused(tmp_path: Path) -> None:
    photos = listed(
        tmp_path, ("Anna", "a.jpg", b"one"), ("Bo", "b.jpg", b"two"), ("Cy", "c.jpg", b"one")
    )

    with pytest.raises(ConfigError, match=r"a\.jpg of Anna and c\.jpg of Cy are the same picture"):
        check_nobody_twice(photos)


def test_a_picture_listed_for_two_people_is_refused(tmp_path: Path) -> None:
    (photo,) = listed(tmp_path, ("Anna", "a.jpg", b"one"))

    with pytest.raises(ConfigError, match=r"Anna .* Bo .* Remove"):
        check_nobody_twice([photo, Photo("Bo", photo.path, photo.file)])


def test_copies_of_one_person_and_absent_files_may_be(tmp_path: Path) -> None:
    check_nobody_twice(
        listed(
            tmp_path,
            ("Anna", "a.jpg", b"one"),
            ("Anna", "b.jpg", b"one"),
            ("Bo", "c.jpg", b"two"),
            ("Cy", "absent.jpg", None),
            ("Di", "gone.jpg", None),
        )
    )
